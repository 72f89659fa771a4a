#include "gateway/internal/questions.h"

#include <utility>

#include "base/log.h"

namespace muster::gateway {

void Questions::ask(link::Request request, Then then) {
  controller_.ask(std::move(request),
                  [&loop = loop_, then = std::move(then)](Result<link::Reply> reply) mutable {
                    loop.post([then = std::move(then), reply = std::move(reply)]() mutable {
                      then(std::move(reply));
                    });
                  });
}

void Questions::report(link::Request request) {
  ask(std::move(request), [](const Result<link::Reply>& reply) {
    if (!reply)
      log::debug("gateway", "the controller did not take a report",
                 {{"why", reply.error().message}});
  });
}

}  // namespace muster::gateway
