#include "cli/table.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <ostream>

#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest_column = 6;

} // namespace

void Table::add(std::vector<Cell> row) {
    assert(row.size() == columns_.size());
    for (auto& cell : row) {
        cell.text = harmless(cell.text);
    }
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(const Screen& screen, std::size_t indent) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto width = std::max(shown_width(columns_[i].title), columns_[i].least_width);
        for (const auto& row : rows_) {
            width = std::max(width, shown_width(row[i].text));
        }
        widths.push_back(width);
    }
    const auto wanted = [&] {
        return std::accumulate(widths.begin(), widths.end(), indent + gap * (widths.size() - 1));
    };
    while (wanted() > screen.width) {
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i].fit == Fit::flexible && widths[i] > narrowest_column &&
                (widest == columns_.size() || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        if (widest == columns_.size()) {
            break; // Nothing left to give: the terminal wraps.
        }
        --widths[widest];
    }
    return widths;
}

void Table::print_row(const Screen& screen, std::size_t indent, const std::vector<Cell>& row,
                      const std::vector<std::size_t>& widths) const {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (std::size_t i = 0; i < row.size(); ++i) {
        cells.push_back(wrap(row[i].text, widths[i]));
        height = std::max(height, cells.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
        std::string out(indent, ' ');
        std::size_t blank = 0; // Owed: not written at the end of a line.
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto text = line < cells[i].size() ? cells[i][line] : std::string();
            if (!text.empty()) {
                out += std::string(blank, ' ') + painted(screen, row[i].ink, text);
                blank = 0;
            }
            blank += widths[i] - shown_width(text) + gap;
        }
        screen.stream << out << "\n";
    }
}

void Table::print_rows(const Screen& screen, std::size_t indent) const {
    const auto fitting = widths(screen, indent);
    for (const auto& row : rows_) {
        print_row(screen, indent, row, fitting);
    }
}

void Table::print(const Screen& screen, std::size_t indent) const {
    std::vector<Cell> titles;
    for (const auto& column : columns_) {
        titles.push_back({column.title, Ink::bold});
    }
    print_row(screen, indent, titles, widths(screen, indent));
    print_rows(screen, indent);
}

} // namespace lockstep::cli
