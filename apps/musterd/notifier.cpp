#include "musterd/notifier.h"

#include <cstdlib>
#include <thread>

#include "base/log.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/task.h"

namespace muster {
namespace {

constexpr std::size_t at_once = 16;
constexpr Duration look_every = 1s;

struct Outcome {
  bool delivered = false;
  std::string error = {};
  std::optional<Duration> retry_after = {};
};

Outcome judge(const Result<net::http::Answer>& answer) {
  if (!answer) return {.error = answer.error().message};
  if (answer->status >= 200 && answer->status < 300) return {.delivered = true};
  Outcome outcome{.error = "the receiver answered " + std::to_string(answer->status)};
  if (const auto* after = answer->header("Retry-After"))
    if (const int seconds = std::atoi(after->c_str()); seconds > 0 && seconds <= 86'400)
      outcome.retry_after = std::chrono::seconds(seconds);
  return outcome;
}

}  // namespace

struct Notifier::Post {
  explicit Post(desk::Desk& d) : desk(d), thread([this] { run(); }) {}

  void run() {
    auto made = net::TlsContext::client({});
    if (made)
      tls.emplace(std::move(*made));
    else
      log::error("notifier", "no webhook over https can be reached",
                 {{"why", made.error().message}});
    look();
    loop.run();
  }

  // Asks for what is due and goes on looking.
  void look() {
    loop.cancel(timer);
    timer = loop.after(look_every, [this] { look(); });
    if (scope.live() >= at_once) return;
    desk.ask<std::vector<response::Notification>>(
        [](desk::Domain& domain) -> Result<std::vector<response::Notification>> {
          return domain.response.due(at_once);
        },
        [this](Result<std::vector<response::Notification>> due) {
          if (!due || due->empty()) return;
          loop.post([this, due = std::move(*due)]() mutable {
            for (auto& each : due) scope.spawn(deliver(std::move(each)));
          });
        });
  }

  net::Task<void> deliver(response::Notification notification) {
    Outcome outcome = judge(co_await post(notification));
    if (!outcome.delivered)
      log::warning("notifier", "not delivered",
                   {{"event", notification.event}, {"why", outcome.error}});
    desk.tell("an attempt at a notification",
              [id = notification.id, outcome](desk::Domain& domain) -> Result<void> {
                if (outcome.delivered)
                  domain.response.delivered(id);
                else
                  domain.response.failed(id, outcome.error, outcome.retry_after);
                return {};
              });
  }

  net::Task<Result<net::http::Answer>> post(response::Notification notification) {
    CO_TRY(auto url, net::http::parse_url(notification.url));
    if (url.tls && !tls)
      co_return fail(Fault::unavailable, "the system's certificate anchors could not be read");
    net::http::Client client(loop, url.host, url.port, url.tls ? &*tls : nullptr);
    net::http::Call call{.method = "POST",
                         .target = url.target,
                         .body = notification.body,
                         .within = 10s,
                         .body_max = 64 << 10};
    call.headers.emplace_back("Content-Type", "application/json");
    for (const auto& [name, value] : notification.headers)
      call.headers.emplace_back(name, *value.text());
    co_return co_await client.call(std::move(call));
  }

  desk::Desk& desk;
  net::Loop loop;
  std::optional<net::TlsContext> tls;
  net::Scope scope;
  net::Loop::TimerId timer;
  std::thread thread;
};

Notifier::Notifier(desk::Desk& desk) : post_(std::make_unique<Post>(desk)) {}

Notifier::~Notifier() {
  post_->loop.post([post = post_.get()] {
    post->loop.cancel(post->timer);
    post->scope.spawn([](Post* p) -> net::Task<void> {
      while (p->scope.live() > 1)
        co_await net::sleep(p->loop, 20ms);  // every delivery has its own deadline
      p->loop.stop();
    }(post));
  });
  post_->thread.join();
}

}  // namespace muster
