// muster-agent/provision_options -- the options that say which controller to trust and where it is,
// for every program that plays a device. Main thread.
#pragma once

#include <CLI/CLI.hpp>

#include "agent/provision.h"

namespace muster {

inline void add_provision(CLI::App& app, agent::Provision& provision) {
  app.add_option("--server", provision.server, "host of the controller");
  app.add_option("--ports", provision.ports_file, "ports.json of the controller");
  app.add_option("--mqtt-port", provision.mqtt_port, "MQTT over mutual TLS (8883)");
  app.add_option("--device-port", provision.device_port, "HTTPS for devices (8884)");
  app.add_option("--enrol-port", provision.enrol_port, "EST (8885)");
  app.add_option("--ca", provision.ca_file, "the fleet root, ca.pem");
  app.add_option("--release-key", provision.release_key_files,
                 "public key that signs releases; may be given more than once");
  app.add_option("--assignment-key", provision.assignment_key_files,
                 "public key that signs assignments; the release keys unless given");
  app.add_option("--tuf-root", provision.tuf_root_file,
                 "root.json: install only releases that its repository vouches for");
  app.add_option("--ledger-key", provision.ledger_key_file,
                 "the ledger's verifier key: install only releases that are in the ledger");
}

}  // namespace muster
