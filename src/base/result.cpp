#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace muster {

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::invalid:
      return "invalid";
    case Fault::unauthorized:
      return "unauthorized";
    case Fault::forbidden:
      return "forbidden";
    case Fault::missing:
      return "missing";
    case Fault::conflict:
      return "conflict";
    case Fault::exhausted:
      return "exhausted";
    case Fault::unavailable:
      return "unavailable";
    case Fault::corrupt:
      return "corrupt";
    case Fault::internal:
      return "internal";
  }
  return "internal";
}

void give_up(const Error& error) {
  std::fprintf(stderr, "error: %s%s%s\n", error.message.c_str(), error.field.empty() ? "" : ": ",
               error.field.c_str());
  std::exit(1);
}

}  // namespace muster
