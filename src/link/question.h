// link/question -- what a gateway asks the domain, and what it is answered: plain values, each
// question with the type of its answer.
//
// A door has bounded what is in a question, and parsed what it needs itself. What is proof or of
// another's making comes as it was sent, and the domain reads it: certificates, what a TPM says,
// statements, questions about certificates. Who asks was proved by TLS, or is proved by what the
// question carries; after lists and certificates anybody may ask. Nothing here refers to memory of
// either side, decides, or reads a clock. Any thread may have one; it is moved, not shared.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "link/action.h"

namespace muster::link {

using Fingerprint = std::array<std::uint8_t, 32>;  // SHA-256 of a certificate's DER

// Who a certificate stands for and what it may do; asked after an MQTT handshake, and at each
// request over HTTPS.
struct Grant {
  DeviceId device;                     // empty: an application's
  std::string application;             // its id; empty: a device's
  bool restricted = false;             // quarantined or retiring: the path over HTTPS only
  ModelId model;                       // a device's
  std::vector<std::string> subscribe;  // an application's topic filters
  std::string serial;                  // of the certificate, hex
};

struct Later {  // an operator has not decided yet: ask the same again
  std::uint32_t seconds = 0;
};
struct File {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::string tag = {};     // entity tag; empty: the name it was asked by
  std::string coding = {};  // of HTTP; empty: as it is
};

struct Claims {                         // what a CSR says of itself, beside its key and common name
  bool other_attributes = false;        // the subject has more than a common name
  bool authority = false;               // it asks for a CA's certificate
  std::vector<std::string> names = {};  // alternative names, as they are
};

// Questions. Each names the type of its answer.
struct Hello {
  using Answer = Grant;
  Fingerprint certificate;
  std::string from;  // peer address, for the record
};
struct Enrol {
  using Answer = Bytes;  // the certificate, DER; or Later
  std::string user, token;
  Bytes spki;  // the CSR's key, its proof of possession checked
  Fingerprint csr_digest;
  std::string claimed_name, from;
  // What the peer showed in the handshake, DER, leaf first; that it holds the leaf's key is proved,
  // and nothing else. At most chain_certificates_max, chain_octets_max together.
  std::vector<Bytes> chain = {};
  std::string profile = {};  // the label in the path; empty: default
  Claims claims = {};
  bool server_key = false;  // the door made the key, for a device that cannot
};
inline constexpr std::size_t chain_certificates_max = 4;
inline constexpr std::size_t chain_octets_max = 16 * 1024;
struct Renew {
  using Answer = Bytes;
  Fingerprint certificate;
  Bytes spki;
  Fingerprint csr_digest;
  std::string claimed_name, from;
  std::string profile = {};
  Claims claims = {};
};
struct FindProfile {
  using Answer = None;  // missing: there is no enrolment profile of this name
  std::string name;
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
  Claims claims = {};
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
// Leaving for good (docs/formats/sanitisation.md).
struct GetWipeOrder {
  using Answer = std::string;  // the order's envelope, or "{}"
  DeviceId device;
};
struct Sanitised {  // a device's statement; asked without a Hello, for it may be revoked by now
  using Answer = std::string;  // the acknowledgement
  DeviceId device;             // as the path names it
  Bytes certificate;           // DER, whose key TLS proved
  std::string statement;
  Bytes signature;
};
struct OrderRefused {
  using Answer = None;
  DeviceId device;
  std::string why;
};
struct GetCrl {
  using Answer = Bytes;                     // DER
  std::optional<std::uint32_t> shard = {};  // none: the whole list
  bool other = false;  // the whole one of the CA that goes or comes, while there are two
  auto operator<=>(const GetCrl&) const = default;
};
struct AuthoritiesFetched {  // over a connection with this certificate
  using Answer = None;
  Fingerprint certificate;
};
// An OCSPResponse, signed.
struct StatusAnswer {
  Bytes der;
  Instant keep_until;  // it may be given out again until then, unless a Cut comes first
};
struct GetStatus {
  using Answer = StatusAnswer;
  Bytes request;  // OCSPRequest, DER, without a nonce
};
struct TakenOver {  // a live session of a device ended because the device connected again
  using Answer = None;
  DeviceId device;
  std::string before, after;  // peer addresses
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
  bool zstd = false;            // it takes what is compressed
  std::string dictionary = {};  // and a patch against this artifact (SHA-256, hex); empty: none
};
struct GetRepositoryFile {
  using Answer = std::string;  // of the TUF repository's metadata, as it was signed
  std::string name;            // "timestamp.json"
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
  std::string who;     // device or application id, or peer address when not known
  std::string action;  // "topic.refused" or "packet.malformed"
  std::string what;    // in words
};

using Request = std::variant<Hello, Enrol, Renew, FindProfile, GetCrl, GetUpdate, GetDesired, Fetch,
                             Report, State, Presence, Misuse, GetStatus, TakenOver, AttestChallenge,
                             AttestEnrol, GetEvidenceAsk, ShowBoot, GetWipeOrder, Sanitised,
                             OrderRefused, AuthoritiesFetched, GetRepositoryFile, GetAction,
                             ActionWord, ActionLog, TellAttributes, AskConsent, BeginSession>;
using Reply = std::variant<None, Grant, Bytes, std::string, File, StatusAnswer, Later, ActionNow,
                           ActionHeard>;

}  // namespace muster::link
