// identity/onboarding -- the plain values of onboarding: who made a device, on what terms it may
// enrol, and who waits for an operator's word.
//
// A maker's CA is trusted under a name, for models. A profile is what the label in the path of an
// enrolment names (/.well-known/est/<label>/...); "default" is there always. Whoever has a birth
// certificate (IDevID, IEEE 802.1AR) of a trusted maker, and is not expected, is refused, or waits
// where the profile says so. Values only, no logic; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "crypto/certificate.h"

namespace muster::identity {

struct Maker {
  std::string name;
  std::vector<ModelId> models;               // that it makes; 1 to 64
  std::vector<crypto::Certificate> anchors;  // that its birth certificates end in; 1 to 8
};

enum class Unknown { refuse, park };  // what becomes of a device that nobody expects
const char* name_of(Unknown);

inline const std::string default_profile = "default";

struct EnrolmentProfile {
  std::string name;
  Duration certificate_life = 30 * 24h;
  Unknown unknown = Unknown::refuse;
  Duration retry_after = 60s;            // for those that wait
  std::vector<ModelId> models = {};      // that may enrol by it; none: all
  std::vector<std::string> makers = {};  // whose birth certificates count; none: all
  bool server_keys = false;              // the door may make a key, for devices that cannot
};

struct Claims {                         // what a CSR says of itself, beside key and common name
  bool other_attributes = false;        // the subject has more than a common name
  bool authority = false;               // it asks for a CA's certificate
  std::vector<std::string> names = {};  // alternative names
};

struct ParkedDevice {
  std::string id;  // the first 16 hex digits of the birth certificate's fingerprint
  std::string serial, maker;
  ModelId model;  // empty when the maker makes several
  crypto::Hash certificate{}, key{};
  std::string from;
  Instant since;
  bool rejected = false;
};

struct Approval {
  DeviceId device;
  ModelId model = {};  // empty: the only one that its maker makes
  std::vector<std::string> groups = {};
};

struct Later {  // to be asked again
  Duration retry_after;
};

struct VoucherImport {
  std::string maker;
  std::vector<crypto::Certificate> signers;  // whom the vouchers are believed from; none: the maker
  ModelId model = {};                        // empty: the only one that the maker makes
  std::vector<std::string> groups = {};
  std::vector<Bytes> vouchers;  // CMS, DER
};

}  // namespace muster::identity
