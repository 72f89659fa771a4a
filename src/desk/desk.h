// desk -- the domain's thread: questions come in, are answered in batches, and answers go out once
// they are durable.
//
// One turn takes what is queued, runs each question against the Domain inside one store
// transaction, signs the ledger's new head, commits once, and only then releases the answers, the
// pushes to the gates and the news for watchers. When the store breaks, nobody of the batch has
// been told anything: the desk stops, everybody who asked is answered `unavailable`, and the
// program ends, to start again from the file. It knows no protocol and decides nothing.
//
// ask() and stop() from any thread; the rest on the domain's thread, which is whoever calls run()
// or drain(). Once run() has returned, ask() answers `unavailable` at once, on the asker's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "desk/domain.h"
#include "link/link.h"
#include "signer/issuer.h"

namespace muster::desk {

struct News {  // what a turn changed, for watchers; told after it is durable
  struct Presence {
    DeviceId device;
    bool online = false;
    Instant at;
  };
  struct Incident {
    std::uint64_t id = 0;
    DeviceId device;
    bool open = false;
  };
  std::uint64_t ledger_from = 0, ledger_to = 0;  // the entries [from, to) are new
  std::vector<Presence> presence;
  std::vector<Incident> incidents;
  std::set<std::uint64_t> rollouts, retirements;  // those that moved
  bool empty() const {
    return ledger_from == ledger_to && presence.empty() && incidents.empty() && rollouts.empty() &&
           retirements.empty();
  }
};

template <class T>
using Question = std::move_only_function<Result<T>(Domain&)>;
template <class T>
using Answer = std::move_only_function<void(Result<T>)>;

class Desk final : public link::Controller {
 public:
  Desk(Domain&, signer::Issuer&, const Clock&);
  ~Desk() override;

  // before run()
  void attach(link::Gate&);
  // Also with nothing new after each tick, so that a watcher can tell what it held back.
  void on_news(std::function<void(const News&)>);
  void on_state_changed(std::function<void(const inventory::Device&)>);  // after commit

  // doors; any thread
  void ask(link::Request, link::Answered) override;
  template <class T>
  void ask(Question<T> question, Answer<T> answer) {
    post([question = std::move(question), answer = std::move(answer)](Turn& turn) mutable {
      turn.take<T>([&](Domain& domain) { return question(domain); }, std::move(answer));
    });
  }

  // For who needs no answer; what goes wrong with `what` is in the log.
  void tell(std::string what, std::move_only_function<Result<void>(Domain&)>);

  Result<void> run();   // until stop(), or until the store breaks
  void stop();          // answers what is queued, then ends run()
  std::size_t drain();  // one turn; returns how many questions it took. Throws store::Broken
  void tick();          // once a second: deadlines, soaks, last contacts

  struct Load {
    std::uint64_t turns = 0, questions = 0, longest_batch = 0;
  };
  Load load() const;  // any thread

 private:
  struct Turn {  // a batch: what it leaves to do once it is durable
    Domain& domain;
    std::optional<store::Broken> broken = {};  // since then nothing is asked of the domain
    std::vector<std::move_only_function<void(bool durable)>> told = {};

    template <class T>
    void take(auto&& question, Answer<T> answer) {
      Result<T> result = unavailable();
      if (!broken) {
        try {
          result = question(domain);
        } catch (const store::Broken& why) {
          broken = why;
        }
      }
      told.push_back(
          [result = std::move(result), answer = std::move(answer)](bool durable) mutable {
            answer(durable ? std::move(result) : Result<T>(unavailable()));
          });
    }
  };
  static std::unexpected<Error> unavailable();
  using Work = std::move_only_function<void(Turn&)>;
  void post(Work, bool urgent = true);

  struct Floor;
  std::unique_ptr<Floor> floor_;
};

}  // namespace muster::desk
