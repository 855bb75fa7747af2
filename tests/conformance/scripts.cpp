#include "tests/conformance/script.h"

namespace lockstep::conformance {

const std::vector<Script>& scripts() {
    static const std::vector<Script> all = {
        {"R1_AnAcknowledgedCommitIsWithTheStandby", R"(
            a writes 1 => acknowledged
            b reaches a => yes
            b shows => 1
            b writes 2 => refused
        )"},
        {"R1_AFrozenStandbyMakesCommitsWait", R"(
            b freezes
            a writes 1 => waits
            b thaws
            write 1 => acknowledged
            b shows => 1
        )"},
        {"R1_ADeadStandbyMakesCommitsWaitAndItsPromiseEnds", R"(
            b remembers its start
            b's start => same
            b dies
            a writes 1 => waits
            b starts as standby as ls_b_7
            write 1 => acknowledged
            b's start => new; postgresql: same
        )",
         true},
        {"R1_OnlyWhomTheGrantNamesLetsCommitsGo", R"(
            a waits for ls_b_9
            a writes 1 => waits
            b follows as ls_b_9
            write 1 => acknowledged
            a proves ls_b_9 => proved
        )"},
        {"R1_AStopAnswersNoCommitThatWaits", R"(
            b dies
            a writes 1 => waits
            a stops
            write 1 => unanswered
        )",
         true},
        {"R3_RelaxedCommitsAreLetGo", R"(
            b freezes
            a writes 1 => waits
            a waits for nobody
            write 1 => acknowledged
            a writes 2 => acknowledged
        )"},
        {"R4_WhatIsLetInAnewHasEverything", R"(
            a waits for nobody
            b follows nobody
            a writes 1 => acknowledged
            b shows =>
            a waits for ls_b_9
            b follows as ls_b_9
            a proves ls_b_9 => proved
            b reaches a => yes
            b shows => 1
        )"},
        {"R2_APromotionBeginsAHistoryOfItsOwn", R"(
            a writes 1 => acknowledged
            histories => same
            a remembers its history
            a dies
            b promotes => promoted
            b's history => new
            b shows => 1
            b writes 2 => acknowledged
        )"},
        {"R2_ACrashInTheMidstOfAPromotion", R"(
            b's replay is held
            a writes 1 => acknowledged
            a dies
            b dies
            b starts to replay
            b promotes => promoted; mariadb: refused
            b shows => 1; mariadb:
        )",
         true},
        {"R2_ANewStartOfTheStreamEndsAPromise", R"(
            b's replay is held
            a writes 1 => acknowledged
            a dies
            b dies
            b starts as standby as ls_b_7
            b promotes => promoted; mariadb: refused
            b never promoted => no; mariadb: yes
        )",
         true},
        {"R9_ACrashShowsWhatNobodyAcknowledged", R"(
            b dies
            a writes 1 => waits
            a dies
            write 1 => unanswered
            a starts as primary for ls_b_7
            a shows => 1
            a writes 2 => waits
            b starts as standby as ls_b_7
            write 2 => acknowledged
            b shows => 1 2
        )",
         true},
        {"R8_WhatNobodyAcknowledgedIsJudgedAndTakenBack", R"(
            b follows nobody
            a writes 1 => waits
            a dies
            b promotes => promoted
            b waits for nobody
            b writes 2 => acknowledged
            a is judged => diverged
            a rewinds => rewound
            a starts as standby as ls_a_async
            a reaches b => yes
            histories => same
            a shows => 2
        )"},
        {"R8_AStandbyHasNotDiverged", R"(
            a writes 1 => acknowledged
            b dies
            b is judged => same
        )"},
    };
    return all;
}

} // namespace lockstep::conformance
