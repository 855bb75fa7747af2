#include <gtest/gtest.h>

#include "tests/support/server_suite.h"

/// Of suites with servers: PostgreSQL refuses to run as root, and the others run as any user.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    return lockstep::run_server_suite("postgres");
}
