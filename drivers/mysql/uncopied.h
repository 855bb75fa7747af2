#pragma once

#include "drivers/mysql/session.h"
#include "platform/asio.h"

namespace lockstep::mysql {

/// MySQL's clone plug-in knows InnoDB only: of other engines' tables it says that it copied them,
/// and leaves them empty (MySQL manual, "Clone Plugin Limitations"). A copy that lacks rows is
/// none.
///
/// Errors: `refused`, naming such a table of `session`'s server. Left out are engines that keep no
/// rows of their own, and the server's logs of statements, which alone of its own are not InnoDB.
[[nodiscard]] Awaitable<Result<void>> refuse_uncopied(Session::Ptr session, Deadline deadline);

} // namespace lockstep::mysql
