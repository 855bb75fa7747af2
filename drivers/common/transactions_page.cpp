#include "drivers/common/transactions_page.h"

#include <spdlog/fmt/fmt.h>

namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most_lines = 100'000;

} // namespace

std::string in_one_line(const KeptTransaction& transaction) {
    std::string line =
        fmt::format("{}  {}  {}  {} changes", transaction.id, transaction.end,
                    transaction.position.empty() ? "-" : transaction.position, transaction.changes);
    for (const auto& object : transaction.objects) {
        line += (&object == &transaction.objects.front() ? "  in " : ", ") + object;
    }
    return line;
}

TransactionsPage::TransactionsPage(fs::path path, std::string_view heading)
    : path_(std::move(path)), file_(partial(), std::ios::trunc) {
    file_ << heading << "\n\n";
}

void TransactionsPage::add(const KeptTransaction& transaction) {
    if (lines_++ < most_lines) {
        file_ << in_one_line(transaction) << "\n";
    }
}

Result<void> TransactionsPage::finish() {
    if (lines_ > most_lines) {
        file_ << "… and " << lines_ - most_lines << " more\n";
    }
    file_.close();
    std::error_code trouble;
    if (file_) {
        fs::rename(partial(), path_, trouble);
    }
    if (!file_ || trouble) {
        return fail(Errc::refused, "write " + path_.string() + ": is its disk full?");
    }
    return {};
}

} // namespace lockstep
