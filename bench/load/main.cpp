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
  auto* download = app.add_subcommand("download", "fetch a file, again and again");
  for (auto* mode : {enrol, connect, publish, download}) {
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
  download->add_option("--seconds", s.seconds, "a round");
  download->add_option("--target", s.target, "path of the file")->required();
  download->add_flag("--slow", s.slow, "take a little at a time");
  CLI11_PARSE(app, argc, argv);
  expect(enrol->parsed()      ? load::enrol(s)
         : connect->parsed()  ? load::connect(s)
         : download->parsed() ? load::download(s)
                              : load::publish(s));
}
