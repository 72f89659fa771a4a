// musterd/config -- what the operator sets: command line first, then the YAML file, then defaults.
//
// The file's keys are the long options with '-' as '_' (mqtt_port: 8883); an unknown, repeated or
// mistyped key is refused. Main thread, before any other.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace muster {

struct Config {
  std::filesystem::path data;
  std::string bind = "127.0.0.1";
  std::uint16_t operator_port = 8443, mqtt_port = 8883, device_port = 8884, enrol_port = 8885;
  std::string ledger_key, release_key,
      issuing_key;     // PKCS#11 URIs; empty: files below the data folder
  std::string signer;  // socket of a signer that runs by itself; empty: one is started
  std::optional<std::uint16_t> status_port;  // plain HTTP, CRL and OCSP only
  std::string pki_url;      // public base of CRL and OCSP, named in certificates; empty: none
  std::string tpm_vendors;  // PEM file; empty: a TPM needs no certificate of its vendor
  std::string public_name;  // host name that clients use, for the server certificate and links
  unsigned io_threads = 0;  // 0: one per core
  unsigned telemetry_lanes = 1;
  Duration telemetry_sync = 1s;  // 0: before each acknowledgement
  Duration telemetry_retention = 90 * 24h;
  Duration certificate_life = 30 * 24h, token_life = 7 * 24h;
  Duration server_certificate_life = 365 * 24h;
  Duration poll_interval = 5min;           // of update clients that poll over HTTPS (DDI)
  Duration retirement_deadline = 7 * 24h;  // to wipe, unless the model or the request says
  double enrolments_per_address = 500, enrolments_per_address_burst = 5'000;  // per I/O thread
  int isolations_per_hour = 50;
  bool rollout_approval = false;  // a rollout needs two persons
  bool ledger_public = false;
  bool smaller_downloads = true;  // artifacts are compressed, and patched
  std::string log_level = "info";

  // Exits with the usage text on --help and with 2 on a mistake in the command line.
  static Result<Config> read(int argc, char** argv);
};

}  // namespace muster
