#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace lockstep::cli {

struct Cell {
    std::string text;
    Ink ink = Ink::plain;
};

/// A table that fits the screen: columns are as wide as their content; where that is too much,
/// the flexible ones are wrapped, the widest first.
class Table {
public:
    enum class Fit { whole, flexible };
    struct Column {
        std::string title;
        Fit fit = Fit::whole;
        std::size_t least_width = 0; // So that tables printed one after another line up.
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// As many cells as columns. Their texts are made harmless.
    void add(std::vector<Cell> row);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    void print(const Screen& screen, std::size_t indent = 0) const;
    /// Without the line of titles.
    void print_rows(const Screen& screen, std::size_t indent = 0) const;

private:
    [[nodiscard]] std::vector<std::size_t> widths(const Screen& screen, std::size_t indent) const;
    void print_row(const Screen& screen, std::size_t indent, const std::vector<Cell>& row,
                   const std::vector<std::size_t>& widths) const;
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace lockstep::cli
