#include "net/task.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace muster;
using namespace muster::net;

namespace {

Task<int> number(int n) {
  co_return n;
}

Task<Result<std::string>> slow_word(Loop* loop, std::string word) {
  co_await net::sleep(*loop, 1ms);
  if (word.empty()) co_return fail(Fault::invalid, "a word has letters");
  co_return word;
}

Task<Result<std::string>> sentence(Loop* loop, std::string second) {
  CO_TRY(auto a, co_await slow_word(loop, "hello"));
  CO_TRY(auto b, co_await slow_word(loop, second));
  co_return a + " " + b;
}

Task<> append(Loop* loop, Duration after, std::string* out, char what) {
  co_await net::sleep(*loop, after);
  *out += what;
}

}  // namespace

TEST_CASE("a task gives its value to who awaits it") {
  Loop loop;
  CHECK(run(loop, number(7)) == 7);
}

TEST_CASE("an error travels up through awaiting tasks as a value") {
  Loop loop;
  CHECK(run(loop, sentence(&loop, "world")).value() == "hello world");
  CHECK(run(loop, sentence(&loop, "")).error().fault == Fault::invalid);
}

TEST_CASE("a long chain of ready tasks does not grow the stack") {
  Loop loop;
  auto sum = [](int rounds) -> Task<long> {
    long total = 0;
    for (int i = 0; i < rounds; ++i) total += co_await number(1);
    co_return total;
  };
  CHECK(run(loop, sum(200'000)) == 200'000);
}

TEST_CASE("a scope joins tasks that end in any order") {
  Loop loop;
  std::string order;
  auto all = [](Loop* l, std::string* out) -> Task<> {
    Scope scope;
    scope.spawn(append(l, 6ms, out, 'c'));
    scope.spawn(append(l, 3ms, out, 'b'));
    scope.spawn(append(l, 0ms, out, 'a'));
    co_await scope.join();
    *out += '.';
  };
  run(loop, all(&loop, &order));
  CHECK(order == "abc.");
}

TEST_CASE("an event lets everybody who waits go on, and later ones at once") {
  Loop loop;
  std::string order;
  auto wait = [](Event* event, std::string* out, char what) -> Task<> {
    co_await *event;
    *out += what;
  };
  auto all = [](Loop* l, std::string* out, auto waiter) -> Task<> {
    Event event(*l);
    Scope scope;
    scope.spawn(waiter(&event, out, 'a'));
    scope.spawn(waiter(&event, out, 'b'));
    event.set();
    *out += '|';
    co_await scope.join();
    co_await event;
    *out += 'c';
  };
  run(loop, all(&loop, &order, wait));
  CHECK(order == "|abc");
}

TEST_CASE("waiting for an event ends at its limit") {
  Loop loop;
  auto both = [](Loop* l) -> Task<std::string> {
    Event never(*l), soon(*l);
    std::string out = co_await never.within(2ms) ? "happened" : "too late";
    l->after(1ms, [&soon] { soon.set(); });
    out += co_await soon.within(10s) ? ", happened" : ", too late";
    co_return out;
  };
  CHECK(run(loop, both(&loop)) == "too late, happened");
}

TEST_CASE("an event set from another thread through post resumes on the loop") {
  Loop loop;
  auto wait = [](Loop* l) -> Task<bool> {
    Event event(*l);
    std::thread other([l, &event] { l->post([&event] { event.set(); }); });
    co_await event;
    other.join();
    co_return l->here();
  };
  CHECK(run(loop, wait(&loop)));
}

TEST_CASE("a task destroyed while it sleeps takes its timer with it") {
  Loop loop;
  std::string out;
  auto drop = [](Loop* l, std::string* o) -> Task<> {
    auto guard = [](Loop* inner, std::string* text) -> Task<> {
      struct Note {
        std::string* to;
        ~Note() { *to += "unwound"; }
      } note{text};
      co_await net::sleep(*inner, 1ms);
      *text += "woke";
    };
    {
      auto task = guard(l, o);
      auto awaiter = std::move(task).operator co_await();
      awaiter.await_suspend(std::noop_coroutine()).resume();
    }
    co_await net::sleep(*l, 5ms);
  };
  run(loop, drop(&loop, &out));
  CHECK(out == "unwound");
}
