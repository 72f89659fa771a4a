#include "api/operators.h"

#include <map>
#include <unordered_map>

#include "base/bytes.h"
#include "base/id.h"
#include "crypto/hash.h"

namespace muster::api {
namespace {

constexpr Duration session_life = 12h, link_life = 15min;
constexpr std::size_t sessions_max = 10'000;

constexpr const char* steps[] = {
    "CREATE TABLE operator (name TEXT PRIMARY KEY, role INTEGER NOT NULL, token BLOB NOT NULL) "
    "STRICT;"
    "CREATE TABLE operator_session (secret BLOB PRIMARY KEY, name TEXT NOT NULL, expires INTEGER "
    "NOT NULL, link INTEGER NOT NULL) STRICT;",
};

std::string key_of(std::string_view secret) {
  const auto hash = crypto::sha256(bytes_of(secret));
  return std::string(text_of(hash));
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::operator_:
      return "operator";
    case Role::admin:
      return "admin";
  }
  return "viewer";
}

Result<Role> parse_role(std::string_view text) {
  for (Role role : {Role::viewer, Role::operator_, Role::admin})
    if (text == name_of(role)) return role;
  return fail(Fault::invalid, "must be viewer, operator or admin");
}

struct Operators::Roll {
  struct Pass {  // a session or a one-time link
    std::string name;
    Instant expires;
  };

  store::Store& store;
  ledger::Ledger& ledger;
  const Clock& clock;
  Random& random;
  std::map<std::string, Role> roles;
  std::unordered_map<std::string, std::string> tokens;  // hash → name
  std::unordered_map<std::string, Pass> sessions, links;
  std::function<void(Hashes)> changed = {};

  Hashes hashes() const {
    Hashes out;
    for (const auto& [hash, name] : tokens) {
      if (roles.at(name) != Role::viewer) out.uploaders.insert(hash);
      out.everybody.insert(hash);
    }
    for (const auto& [hash, pass] : sessions) out.everybody.insert(hash);
    return out;
  }

  void tell() const {
    if (changed) changed(hashes());
  }

  std::string secret() const {
    Bytes octets(32);
    random.fill(octets);
    return to_base64url(octets);
  }

  std::optional<Operator> of(const std::string& name) const {
    auto at = roles.find(name);
    if (at == roles.end()) return std::nullopt;
    return Operator{name, at->second};
  }

  std::string admit(const std::string& name, bool link) {
    auto& passes = link ? links : sessions;
    sweep(passes);
    std::string text = secret();
    const Pass pass{name, clock.now() + (link ? link_life : session_life)};
    const std::string key = key_of(text);
    ledger.observe().write(
        "INSERT INTO operator_session (secret, name, expires, link) VALUES (?, ?, ?, ?)",
        {bytes_of(key), std::string_view(name), millis(pass.expires), std::int64_t{link}});
    passes.emplace(key, pass);
    return text;
  }

  void forget(const std::string& key) {
    ledger.observe().write("DELETE FROM operator_session WHERE secret = ?", {bytes_of(key)});
    sessions.erase(key);
    links.erase(key);
  }

  // Bounds memory: what has expired goes first, then everything.
  void sweep(std::unordered_map<std::string, Pass>& passes) {
    if (passes.size() < sessions_max) return;
    const Instant now = clock.now();
    std::erase_if(passes, [now](const auto& each) { return each.second.expires <= now; });
    ledger.observe().write("DELETE FROM operator_session WHERE expires <= ?", {millis(now)});
    if (passes.size() < sessions_max) return;
    passes.clear();
    ledger.observe().write("DELETE FROM operator_session WHERE link = ?",
                           {std::int64_t{&passes == &links}});
  }

  void load() {
    auto operators = store.read("SELECT name, role, token FROM operator");
    while (operators.next()) {
      roles[operators.text(0)] = static_cast<Role>(operators.integer(1));
      tokens[std::string(text_of(operators.blob(2)))] = operators.text(0);
    }
    auto passes =
        store.read("SELECT secret, name, expires, link FROM operator_session WHERE expires > ?",
                   {millis(clock.now())});
    while (passes.next())
      (passes.integer(3) ? links : sessions)[std::string(text_of(passes.blob(0)))] = {
          passes.text(1), instant(passes.integer(2))};
  }
};

Operators::Operators(std::unique_ptr<Roll> roll) : roll_(std::move(roll)) {}
Operators::Operators(Operators&&) noexcept = default;
Operators::~Operators() = default;

Result<Operators> Operators::open(store::Store& store, ledger::Ledger& ledger, const Clock& clock,
                                  Random& random) {
  TRY_VOID(store.migrate("operators", steps));
  auto roll = std::unique_ptr<Roll>(new Roll{store, ledger, clock, random, {}, {}, {}, {}});
  roll->load();
  return Operators(std::move(roll));
}

Result<std::string> Operators::add(std::string name, Role role, ledger::Actor actor) {
  if (!is_name(name))
    return fail(
        Fault::invalid,
        "must be 1 to 64 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit",
        "/name");
  if (roll_->roles.contains(name))
    return fail(Fault::conflict, "there is an operator " + name + " already", "/name");
  std::string token = roll_->secret();
  const std::string key = key_of(token);
  roll_->ledger
      .record({.actor = std::move(actor),
               .action = "operator.added",
               .target = "operator/" + name,
               .detail = wire::Json::object({{"role", name_of(role)}})})
      .write("INSERT INTO operator (name, role, token) VALUES (?, ?, ?)",
             {std::string_view(name), std::int64_t{static_cast<int>(role)}, bytes_of(key)});
  roll_->tokens[key] = name;
  roll_->roles[std::move(name)] = role;
  roll_->tell();
  return token;
}

Result<void> Operators::remove(const std::string& name, ledger::Actor actor) {
  if (!roll_->roles.contains(name)) return fail(Fault::missing, "there is no operator " + name);
  auto& writer = roll_->ledger.record(
      {.actor = std::move(actor), .action = "operator.removed", .target = "operator/" + name});
  writer.write("DELETE FROM operator WHERE name = ?", {std::string_view(name)});
  writer.write("DELETE FROM operator_session WHERE name = ?", {std::string_view(name)});
  auto his = [&name](const auto& each) { return each.second.name == name; };
  std::erase_if(roll_->sessions, his);
  std::erase_if(roll_->links, his);
  std::erase_if(roll_->tokens, [&name](const auto& each) { return each.second == name; });
  roll_->roles.erase(name);
  roll_->tell();
  return {};
}

std::vector<Operator> Operators::list() const {
  std::vector<Operator> out;
  for (const auto& [name, role] : roll_->roles) out.push_back({name, role});
  return out;
}

std::optional<Operator> Operators::by_token(std::string_view token) const {
  auto at = roll_->tokens.find(key_of(token));
  return at == roll_->tokens.end() ? std::nullopt : roll_->of(at->second);
}

std::string Operators::new_link(const std::string& name) {
  return roll_->admit(name, true);
}

Result<std::pair<Operator, std::string>> Operators::redeem(std::string_view link) {
  const std::string key = key_of(link);
  auto at = roll_->links.find(key);
  if (at == roll_->links.end() || at->second.expires <= roll_->clock.now())
    return fail(
        Fault::unauthorized,
        "this link was used, has expired, or never was; `muster login-link` makes a new one",
        "/link");
  auto who = roll_->of(at->second.name);
  if (!who) return fail(Fault::unauthorized, "the operator of this link is gone", "/link");
  roll_->ledger.record({.actor = {"operator:" + who->name, name_of(who->role)},
                        .action = "operator.logged-in",
                        .target = "operator/" + who->name});
  roll_->forget(key);
  std::string cookie = roll_->admit(who->name, false);
  roll_->tell();
  return std::pair(*who, std::move(cookie));
}

std::optional<Operator> Operators::by_session(std::string_view cookie) const {
  auto at = roll_->sessions.find(key_of(cookie));
  if (at == roll_->sessions.end() || at->second.expires <= roll_->clock.now()) return std::nullopt;
  return roll_->of(at->second.name);
}

Operators::Hashes Operators::hashes() const {
  return roll_->hashes();
}

void Operators::on_change(std::function<void(Hashes)> f) {
  roll_->changed = std::move(f);
}

void Operators::end_session(std::string_view cookie) {
  roll_->forget(key_of(cookie));
  roll_->tell();
}

}  // namespace muster::api
