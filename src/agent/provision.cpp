#include "agent/provision.h"

#include "base/file.h"
#include "tuf/client.h"
#include "wire/json.h"

namespace muster::agent {
namespace {

Result<std::vector<crypto::PublicKey>> read_keys(const std::vector<std::filesystem::path>& files,
                                                 const char* option) {
  std::vector<crypto::PublicKey> keys;
  for (const auto& file : files) {
    TRY(const auto pem, read_file(file, option));
    auto key = crypto::PublicKey::from_pem(pem);
    if (!key) return fail(Fault::invalid, file.string() + ": " + key.error().message, option);
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<void> read_ports(const std::filesystem::path& file, Controller& into) {
  TRY(const auto text, read_file(file, "--ports"));
  TRY(const auto json, wire::parse_json(text));
  const auto port = [&json](const char* name, std::uint16_t& port_of) -> Result<void> {
    const auto* value = json.find(name);
    if (!value || !value->integer() || *value->integer() < 1 || *value->integer() > 65535)
      return fail(Fault::invalid, std::string("names no port for ") + name, "--ports");
    port_of = static_cast<std::uint16_t>(*value->integer());
    return {};
  };
  TRY_VOID(port("mqtt", into.mqtt_port));
  TRY_VOID(port("device", into.device_port));
  return port("enrol", into.enrol_port);
}

// Looked at now, so that a device is not sent out with what it cannot use.
Result<void> read_vouchers(const Provision& provision, Trust& into) {
  if (!provision.tuf_root_file.empty()) {
    TRY(into.tuf_root, read_file(provision.tuf_root_file, "--tuf-root", tuf::Limits{}.root));
    tuf::MemoryShelf trial;
    TRY_VOID(trial.write("root.json", into.tuf_root));
    if (auto root = tuf::Client::open(trial, {}); !root)
      return fail(Fault::invalid, root.error().message, "--tuf-root");
  }
  if (!provision.ledger_key_file.empty()) {
    TRY(auto key, read_file(provision.ledger_key_file, "--ledger-key", 4096));
    into.ledger_key = without_line_end(std::move(key));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, const char* option,
                              std::size_t bytes_max) {
  if (path.empty()) return fail(Fault::invalid, "is needed", option);
  auto text = muster::read_file(path, bytes_max);
  if (!text) text.error().field = option;
  return text;
}

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<Controller> read_controller(const Provision& provision) {
  Controller controller{.host = provision.server,
                        .mqtt_port = provision.mqtt_port,
                        .device_port = provision.device_port,
                        .enrol_port = provision.enrol_port,
                        .ca_pem = {},
                        .anchors = {},
                        .trust = {}};
  if (controller.host.empty()) return fail(Fault::invalid, "is needed", "--server");
  if (!provision.ports_file.empty()) TRY_VOID(read_ports(provision.ports_file, controller));
  TRY(controller.ca_pem, read_file(provision.ca_file, "--ca"));
  auto anchors = crypto::parse_certificates_pem(controller.ca_pem);
  if (!anchors) return fail(Fault::invalid, anchors.error().message, "--ca");
  controller.anchors = std::move(*anchors);
  if (provision.release_key_files.empty())
    return fail(Fault::invalid, "is needed", "--release-key");
  TRY(controller.trust.release_keys, read_keys(provision.release_key_files, "--release-key"));
  controller.trust.assignment_keys = controller.trust.release_keys;
  if (!provision.assignment_key_files.empty()) {
    TRY(controller.trust.assignment_keys,
        read_keys(provision.assignment_key_files, "--assignment-key"));
  }
  TRY_VOID(read_vouchers(provision, controller.trust));
  return controller;
}

}  // namespace muster::agent
