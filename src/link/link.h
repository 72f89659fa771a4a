// link -- what the gateway and the domain say to each other: plain values, and the carriers they
// travel by.
//
// A gateway asks (Request → Reply), is told (Push), and hands over readings in batches. In one
// process the carriers are queues; between machines they can be a bus, since nothing here refers to
// memory of either side. Contains no logic.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace muster::link {

using Fingerprint = std::array<std::uint8_t, 32>;  // SHA-256 of a certificate's DER

// Who a certificate stands for and what it may do; asked after an MQTT handshake, and at each
// request over HTTPS.
struct Grant {
  std::string name;  // device or application id
  bool application = false;
  bool restricted = false;             // quarantined: the update path only
  ModelId model;                       // a device's
  std::vector<std::string> subscribe;  // an application's topic filters
  std::string serial;                  // of the certificate, hex
};

struct None {};
struct File {
  std::filesystem::path path;
  std::uint64_t size = 0;
};

// Questions. Each names the type of its answer.
struct Hello {
  using Answer = Grant;
  Fingerprint certificate;
  std::string from;  // peer address, for the record
};
struct Enrol {
  using Answer = Bytes;  // the certificate, DER
  std::string user, token;
  Bytes spki;  // the CSR's key, its proof of possession checked
  Fingerprint csr_digest;
  std::string claimed_name, from;
};
struct Renew {
  using Answer = Bytes;
  Fingerprint certificate;
  Bytes spki;
  Fingerprint csr_digest;
  std::string claimed_name, from;
};
// By TPM (docs/formats/attestation.md). Octets are as a TPM marshals them.
struct BootEvidence {
  Bytes quote, signature;
  std::vector<Bytes> values;  // of the registers asked for
  Bytes event_log;
};
struct AttestChallenge {
  using Answer = std::string;  // the challenge, as it goes to the device
  std::string id;
  Bytes ek_area, ek_certificate, ak_area;
  std::string from;
};
struct AttestEnrol {
  using Answer = Bytes;
  std::string id;
  Bytes secret;
  BootEvidence boot;
  Bytes certify, certify_signature, key_area;
  Bytes spki;
  Fingerprint csr_digest;
  std::string claimed_name, from;
};
struct GetEvidenceAsk {
  using Answer = std::string;  // what it is to show
  DeviceId device;
};
struct ShowBoot {
  using Answer = std::string;  // what is made of it
  DeviceId device;
  BootEvidence boot;
};
struct GetCrl {
  using Answer = Bytes;  // DER
};
struct GetUpdate {
  using Answer = std::string;  // payload for the updates topic; "{}" when there is nothing to do
  DeviceId device;
};
struct GetDesired {
  using Answer = std::string;  // payload for the desired topic
  DeviceId device;
};
struct Fetch {
  using Answer = File;  // forbidden unless the artifact is of a release offered to the device
  DeviceId device;
  std::string sha256;
};
struct Report {
  using Answer = None;
  DeviceId device;
  std::string payload;  // of the results topic
};
struct State {
  using Answer = None;
  DeviceId device;
  std::string payload;  // of the state topic
};
struct Presence {
  using Answer = None;
  DeviceId device;
  bool online = false;
};
struct Misuse {  // a security matter that a door refused
  using Answer = None;
  std::string who;     // device id, or peer address when not known
  std::string action;  // "topic.refused", "packet.malformed", "certificate.refused"
  std::string what;    // in words
};

using Request =
    std::variant<Hello, Enrol, Renew, GetCrl, GetUpdate, GetDesired, Fetch, Report, State, Presence,
                 Misuse, AttestChallenge, AttestEnrol, GetEvidenceAsk, ShowBoot>;
using Reply = std::variant<None, Grant, Bytes, std::string, File>;
using Answered = std::move_only_function<void(Result<Reply>)>;

class Controller {  // the domain, seen from a door
 public:
  virtual ~Controller() = default;
  // Any thread. `answered` runs once: on the domain's thread, after what it tells is durable; or,
  // once the domain has ended, on the asker's, inside this call, with `unavailable`. Post it home
  // from either, and do no work there.
  virtual void ask(Request, Answered answered) = 0;
};

// What a gateway is told, once it is durable.
struct Cut {  // close the sessions made with this certificate
  std::string serial;
};
struct CutDevice {  // close the sessions of this device
  DeviceId device;
  std::string why;
};
enum class Channel : std::uint8_t { desired, updates, commands };  // what a device listens to
struct Tell {  // publish to the device when it is here: v1/devices/{id}/{channel}
  DeviceId device;
  Channel channel = Channel::desired;
  std::string payload;
};
using Push = std::variant<Cut, CutDevice, Tell>;

class Gate {  // a gateway, seen from the domain
 public:
  virtual ~Gate() = default;
  virtual void push(const std::vector<Push>&) = 0;  // domain's thread; returns at once
};

// Readings, flat: one message refers to a run of readings, one reading to a run of letters in
// `names`.
struct Reading {
  std::uint32_t name_at = 0;
  std::uint16_t name_size = 0;
  std::int64_t at = 0;  // ms since 1970 UTC
  double value = 0;
};
struct Message {
  std::uint32_t slot = 0;              // from Telemetry::slot
  std::uint32_t bytes = 0;             // of the whole packet
  std::uint32_t first = 0, count = 0;  // into readings
  bool refused = false;  // a topic outside the device's subtree: no readings, but watched
};
struct Batch {
  Instant received;
  std::vector<Message> messages;
  std::vector<Reading> readings;
  std::string names;
  void clear() {
    messages.clear();
    readings.clear();
    names.clear();
  }
};

using Kept = std::move_only_function<void(Result<void>, Batch)>;

class Telemetry {  // where readings go; not the domain
 public:
  virtual ~Telemetry() = default;
  virtual unsigned lanes() const = 0;  // workers; a slot belongs to lane slot % lanes(), and so
                                       // does every message of a batch
  virtual std::uint32_t slot(const DeviceId&, const ModelId&) = 0;  // any thread; once per session
  // Any thread. `kept` runs once and gives the batch back for reuse: on a telemetry worker's
  // thread, when every reading is in a log that survives kill -9 (or not, with the error: then
  // nothing of the batch may be acknowledged); or, when the lane has too many batches waiting, on
  // the caller's, inside this call, with `exhausted`. Post it home from either.
  virtual void take(unsigned lane, Batch, Kept kept) = 0;
  virtual void connected(std::uint32_t slot, bool) = 0;  // any thread
};

}  // namespace muster::link
