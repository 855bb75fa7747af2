#pragma once

#include <string>
#include <utility>

#include "core/door.h"
#include "drivers/mysql/config.h"

namespace lockstep::mysql {

/// The variable that shuts a server's door, and its value. MySQL: `offline_mode`. MariaDB: an
/// `init_connect` that ends the session of whoever connects without SUPER or CONNECTION ADMIN.
[[nodiscard]] std::pair<std::string, std::string> door_setting(Flavour flavour, Door door);

} // namespace lockstep::mysql
