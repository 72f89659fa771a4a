#include "net/http.h"

namespace muster::net::http {

int status_of(Fault fault) {
  switch (fault) {
    case Fault::invalid:
      return 400;
    case Fault::unauthorized:
      return 401;
    case Fault::forbidden:
      return 403;
    case Fault::missing:
      return 404;
    case Fault::conflict:
      return 409;
    case Fault::exhausted:
      return 429;
    case Fault::unavailable:
      return 503;
    case Fault::corrupt:
    case Fault::internal:
      return 500;
  }
  return 500;
}

}  // namespace muster::net::http
