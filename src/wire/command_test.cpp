#include "wire/command.h"

#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

TEST_CASE("each command is read as it was written") {
  for (const auto command : {Command::attest, Command::cacerts, Command::renew})
    CHECK(parse_command(to_text(command)) == command);
  CHECK(to_text(Command::attest) == R"({"command":"attest"})");
}

TEST_CASE("what is no command of ours is none") {
  for (const char* text : {"", "{}", "[]", "renew", R"({"command":7})", R"({"command":"reboot"})"})
    CHECK_FALSE(parse_command(text));
}

}  // namespace
}  // namespace muster::wire
