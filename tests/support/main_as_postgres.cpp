#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "platform/process.h"
#include "tests/support/server_user.h"

/// Of suites with servers: PostgreSQL refuses to run as root, and the others run as any user.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (!lockstep::become_server_user("postgres")) {
        std::perror("become the user postgres");
        return EXIT_FAILURE;
    }
    if (const auto done = lockstep::become_subreaper(); !done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return EXIT_FAILURE;
    }
    return RUN_ALL_TESTS();
}
