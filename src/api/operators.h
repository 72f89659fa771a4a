// api/operators -- who may operate: names, roles, hashed tokens, one-time links and console
// sessions.
//
// Tokens and links carry 256 random bits and are stored as SHA-256; sessions end after 12 hours,
// links after 15 minutes and one use. Domain thread only. Time comes from the Clock, secrets from
// the Random.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace muster::api {

enum class Role { viewer, operator_, admin };  // each may do what those before it may
const char* name_of(Role);
Result<Role> parse_role(std::string_view);

struct Operator {
  std::string name;
  Role role = Role::viewer;
};

class Operators {
 public:
  static Result<Operators> open(store::Store&, ledger::Ledger&, const Clock&, Random&);
  Operators(Operators&&) noexcept;
  ~Operators();

  Result<std::string> add(std::string name, Role,
                          ledger::Actor);  // the token, shown once; conflict when the name is taken
  Result<void> remove(const std::string& name, ledger::Actor);  // and its sessions
  std::vector<Operator> list() const;
  std::optional<Operator> by_token(std::string_view token) const;
  std::string new_link(const std::string& name);  // one-time; opens a session as that operator
  Result<std::pair<Operator, std::string>> redeem(
      std::string_view link);  // the session's cookie value
  std::optional<Operator> by_session(std::string_view cookie) const;
  void end_session(std::string_view cookie);

  // SHA-256, raw: what the door needs before it takes the first octet of a body.
  struct Hashes {
    std::set<std::string> uploaders;  // tokens that may upload
    std::set<std::string> everybody;  // tokens and console sessions; some may have expired
  };
  Hashes hashes() const;
  void on_change(std::function<void(Hashes)>);  // they changed; inside the command

 private:
  struct Roll;
  explicit Operators(std::unique_ptr<Roll>);
  std::unique_ptr<Roll> roll_;
};

}  // namespace muster::api
