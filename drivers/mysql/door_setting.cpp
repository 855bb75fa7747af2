#include "drivers/mysql/door.h"

namespace lockstep::mysql {

std::pair<std::string, std::string> door_setting(Flavour flavour, Door door) {
    if (flavour == Flavour::mysql) {
        return {"offline_mode", door == Door::shut ? "ON" : "OFF"};
    }
    // An error here ends the session, and its words are in the server's log.
    constexpr auto refuse = "SIGNAL SQLSTATE '08004' SET MESSAGE_TEXT = 'Lockstep keeps this door "
                            "shut until the standby has everything'";
    return {"init_connect", door == Door::shut ? refuse : ""};
}

} // namespace lockstep::mysql
