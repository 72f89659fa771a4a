// muster-load: many devices in one thread, for bench/run.
#include <CLI/CLI.hpp>

#include "load/modes.h"

using namespace muster;

int main(int argc, char** argv) {
  CLI::App app{"muster-load -- many devices in one thread", "muster-load"};
  app.require_subcommand(1);
  load::Settings s;
  auto* enrol = app.add_subcommand("enrol", "turn tokens into identities, over EST");
  auto* connect = app.add_subcommand("connect", "connect, and stay");
  auto* publish = app.add_subcommand("publish", "publish telemetry with QoS 1");
  for (auto* mode : {enrol, connect, publish}) {
    mode->add_option("--port", s.port, "of the server, on 127.0.0.1")->required();
    mode->add_option("--identities", s.identities, "file of keys and certificates")->required();
    mode->add_option("--count", s.count, "devices");
    mode->add_option("--parallel", s.parallel, "handshakes at once");
  }
  enrol->add_option("--tokens", s.tokens, "file of names and tokens")->required();
  enrol->add_option("--ca", s.anchors, "the fleet's root, PEM")->required();
  connect->add_flag("--subscribe", s.subscribe, "to the device's own commands");
  publish->add_option("--window", s.window, "unacknowledged messages a client");
  publish->add_option("--seconds", s.seconds, "a round");
  CLI11_PARSE(app, argc, argv);
  expect(enrol->parsed()     ? load::enrol(s)
         : connect->parsed() ? load::connect(s)
                             : load::publish(s));
}
