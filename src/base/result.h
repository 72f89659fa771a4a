// base/result -- the one error currency: an expected failure is a value.
//
// A Fault says what kind of failure it is, so that a door can map it once to its protocol's code.
// The message is for a person: which field, why, what to do. It never carries a secret. Exceptions
// mean bugs. Pure values; any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace muster {

// The closed list. HTTP, MQTT and exit codes are mapped from it in one place each.
enum class Fault {
  invalid,       // the request is malformed or breaks a rule; the same request will fail again
  unauthorized,  // who asks is not known
  forbidden,     // who asks is known and may not
  missing,       // what is asked for is not there
  conflict,      // the state of the thing does not allow it now
  exhausted,     // a limit or a rate is used up; later may work
  unavailable,   // something we depend on does not answer; later may work
  corrupt,       // stored or received data fails its check
  internal,      // a bug of ours
};

const char* name_of(Fault);

struct Error {
  Fault fault = Fault::internal;
  std::string message;
  std::string field = {};  // JSON pointer, header or option at fault; empty if none
};

// An std::expected that the compiler does not let anybody drop.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(Fault fault, std::string message, std::string field = {}) {
  return std::unexpected(Error{fault, std::move(message), std::move(field)});
}

// For programs and tests: the value, or the message on stderr and exit code 1.
[[noreturn]] void give_up(const Error&);
template <class T>
T expect(Result<T> r) {
  if (!r) give_up(r.error());
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

}  // namespace muster

#define MUSTER_JOIN2(a, b) a##b
#define MUSTER_JOIN(a, b) MUSTER_JOIN2(a, b)

// TRY(auto x, f());  declares x from f()'s value, or returns f()'s error. TRY_VOID(f()); when there
// is no value.
#define TRY_AS(tmp, declaration, ...)                       \
  auto tmp = (__VA_ARGS__);                                 \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  declaration = std::move(*tmp)
#define TRY(declaration, ...) TRY_AS(MUSTER_JOIN(try_, __COUNTER__), declaration, __VA_ARGS__)
#define TRY_VOID(...)                                                                         \
  do {                                                                                        \
    if (auto tried = (__VA_ARGS__); !tried) return std::unexpected(std::move(tried).error()); \
  } while (0)

// The same in a coroutine.
#define CO_TRY_AS(tmp, declaration, ...)                       \
  auto tmp = (__VA_ARGS__);                                    \
  if (!tmp) co_return std::unexpected(std::move(tmp).error()); \
  declaration = std::move(*tmp)
#define CO_TRY(declaration, ...) CO_TRY_AS(MUSTER_JOIN(try_, __COUNTER__), declaration, __VA_ARGS__)
#define CO_TRY_VOID(...)                                                                         \
  do {                                                                                           \
    if (auto tried = (__VA_ARGS__); !tried) co_return std::unexpected(std::move(tried).error()); \
  } while (0)
