// link/action -- what a door asks the domain for devices with an update client that we did not
// write (DDI, Mender), and what it is answered.
//
// An action is what such a device is told to do, under a number that orders it; who asks was proved
// by TLS, and shows a secret beside it where its client has one. Values only; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"

namespace muster::link {

struct None {};

enum class UpdateClient : std::uint8_t { ddi, mender };

struct Caller {  // of each question below
  DeviceId device;
  std::array<std::uint8_t, 32> certificate{};  // its fingerprint
  UpdateClient client = UpdateClient::ddi;
  std::string secret = {};  // a target token, or a session's; empty: none was shown
};

struct ActionFile {  // what is to be installed
  std::string model, version, sha256, sha1, md5;
  std::uint64_t size = 0, sequence = 0;
};
struct ToldAction {
  std::uint64_t number = 0;
  std::string word = {};  // what the client said of it last
  ActionFile file = {};
};
struct ActionNow {
  enum class Need : std::uint8_t { nothing, consent, install, cancel };
  enum class Hold : std::uint8_t { go_on, pause, fail };  // before what is installed is committed
  Need need = Need::nothing;
  Hold hold = Hold::go_on;
  std::optional<ToldAction> action = {};
  std::optional<ToldAction> installed = {};  // the one that succeeded last
  bool asks = false;                         // the device wants to be asked for consent
  bool attributes_wanted = false;
};

struct GetAction {
  enum class Why : std::uint8_t {
    look,  // nothing begins
    poll,  // the next action begins, if none is open
    idle   // the same, and the device is not at work on anything
  };
  using Answer = ActionNow;
  Caller caller;
  Why why = Why::look;
};

enum class ActionHeard : std::uint8_t { taken, unwanted, over, unknown, not_cancellable };
struct ActionWord {
  enum class Kind : std::uint8_t {
    progress,
    warning,
    succeeded,
    failed,
    cancelled,
    cancel_refused,
    confirmed,
    denied,
  };
  using Answer = ActionHeard;
  Caller caller;
  std::uint64_t action = 0;
  Kind kind = Kind::progress;
  std::string words = {};
};
struct ActionLog {
  using Answer = ActionHeard;
  Caller caller;
  std::uint64_t action = 0;
  std::string log = {};
};

struct TellAttributes {
  enum class How : std::uint8_t { merge, replace, remove };
  using Answer = None;
  Caller caller;
  How how = How::merge;
  std::vector<std::pair<std::string, std::string>> attributes = {};
};
struct AskConsent {  // whether actions to come wait for the device's consent
  using Answer = None;
  Caller caller;
  bool asks = false;
};
struct BeginSession {          // the certificate's key has signed the request
  using Answer = std::string;  // a token
  Caller caller;
};

}  // namespace muster::link
