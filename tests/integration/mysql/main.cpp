#include <gtest/gtest.h>

#include "tests/support/server_suite.h"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    return lockstep::run_server_suite("mysql");
}
