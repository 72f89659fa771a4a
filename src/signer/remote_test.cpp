#include "signer/remote.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "signer/connect.h"
#include "signer/frame.h"
#include "signer/serve.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

std::pair<Descriptor, Descriptor> pair_of_sockets() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Answers as they come, from whatever thread; all() waits for so many.
class Answers {
 public:
  Issuer::Answer<Bytes> to(std::uint32_t n) {
    return [this, n](Result<Bytes> answer) {
      const std::scoped_lock lock(mutex_);
      ++told_[n];
      if (answer)
        documents_.emplace(n, std::move(*answer));
      else
        errors_.emplace(n, answer.error());
      came_.notify_all();
    };
  }
  void all(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(came_.wait_for(lock, 60s, [&] { return told_.size() >= count; }));
  }
  bool each_once() const {
    return std::ranges::all_of(told_, [](const auto& one) { return one.second == 1; });
  }
  const std::map<std::uint32_t, Bytes>& documents() const { return documents_; }
  const std::map<std::uint32_t, Error>& errors() const { return errors_; }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<std::uint32_t, int> told_;
  std::map<std::uint32_t, Bytes> documents_;
  std::map<std::uint32_t, Error> errors_;
};

// Serves a keeper on threads, one line after the other.
class Service {
 public:
  explicit Service(Keeper& keeper, ServeSettings settings = {})
      : keeper_(keeper), settings_(settings) {}
  ~Service() {
    if (thread_.joinable()) thread_.join();
  }
  Result<Descriptor> connect() {
    if (thread_.joinable()) thread_.join();
    auto [ours, theirs] = pair_of_sockets();
    thread_ = std::thread([this, line = std::move(theirs)]() mutable {
      Doors doors;
      doors.connected.push_back(std::move(line));
      (void)serve(keeper_, std::move(doors), settings_);
    });
    return std::move(ours);
  }

 private:
  Keeper& keeper_;
  ServeSettings settings_;
  std::thread thread_;
};

// A signer that signs and logs whatever comes, answers every other order, and dies after a few.
void serve_badly(Keeper& keeper, Descriptor line) {
  FrameBuffer in(Side::signer);
  Bytes out;
  std::array<std::uint8_t, 4096> buffer;
  for (int orders = 0; orders < 9;) {
    const auto count = ::recv(line.number(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return;
    in.append(ByteView(buffer).first(static_cast<std::size_t>(count)));
    while (const auto frame = expect(in.next())) {
      const Order order = expect(decode_order(frame->content));
      const Bytes der = expect(keeper.issue(order));
      if (orders++ % 2 == 0) append_frame(out, FrameType::done, frame->number, der);
      if (orders >= 9) break;
    }
  }
  out.resize(out.size() - 3);  // the last answer is cut short
  (void)::send(line.number(), out.data(), out.size(), MSG_NOSIGNAL);
}

}  // namespace

TEST_CASE("orders go over the line together, and each is answered with its own certificate") {
  World world;
  Service service(*world.keeper);
  Answers answers;
  {
    RemoteIssuer issuer([&] { return service.connect(); });
    for (std::uint32_t n = 0; n < 200; ++n) issuer.issue(world.device(n), answers.to(n));
    answers.all(200);
  }
  CHECK(answers.each_once());
  REQUIRE(answers.documents().size() == 200);
  for (const auto& [n, der] : answers.documents())
    CHECK(expect(crypto::parse_certificate(der)).common_name == "meter-" + std::to_string(n));
}

TEST_CASE("lists, the log and the chain come over the line, and refusals with their reason") {
  World world;
  Service service(*world.keeper);
  Answers answers;
  std::vector<Issuance> logged;
  std::vector<crypto::Certificate> chain;
  Order wrong = world.device(2);
  wrong.subject = "/";
  {
    RemoteIssuer issuer([&] { return service.connect(); });
    issuer.make_list(world.list(3), answers.to(1));
    issuer.issue(wrong, answers.to(2));
    answers.all(2);
    issuer.since(0, 10, [&](auto found) {
      logged = expect(std::move(found));
      answers.to(3)(Bytes{});
    });
    issuer.chain([&](auto found) {
      chain = expect(std::move(found));
      answers.to(4)(Bytes{});
    });
    answers.all(4);
  }
  CHECK(crypto::parse_crl(answers.documents().at(1), world.fleet.issuing));
  CHECK(answers.errors().at(2).fault == Fault::invalid);
  CHECK(answers.errors().at(2).field == "subject");
  REQUIRE(logged.size() == 1);
  CHECK(logged.front().kind == Template::revocation_list);
  REQUIRE(chain.size() == 2);
  CHECK(chain.front().der == world.fleet.issuing.der);
}

TEST_CASE(
    "a signer that dies in the middle of a batch, again and again, loses no order and signs none "
    "twice") {
  World world;
  Service good(*world.keeper);
  std::thread bad;
  int lines = 0;
  Answers answers;
  {
    RemoteIssuer issuer(
        [&]() -> Result<Descriptor> {
          if (bad.joinable()) bad.join();
          if (++lines % 5 == 4) return fail(Fault::unavailable, "nobody there");
          if (lines > 12) return good.connect();
          auto [ours, theirs] = pair_of_sockets();
          bad = std::thread([&world, line = std::move(theirs)]() mutable {
            serve_badly(*world.keeper, std::move(line));
          });
          return std::move(ours);
        },
        {.pause_first = 1ms, .pause_max = 5ms});
    for (std::uint32_t n = 0; n < 100; ++n) issuer.issue(world.device(n), answers.to(n));
    answers.all(100);
  }
  if (bad.joinable()) bad.join();
  CHECK(answers.each_once());
  CHECK(answers.documents().size() == 100);
  CHECK(world.keeper->head().size == 100);
  for (const auto& logged : expect(world.keeper->since(0, 100)))
    CHECK(std::ranges::count(answers.documents(), logged.document,
                             &std::pair<const std::uint32_t, Bytes>::second) == 1);
}

TEST_CASE("a signer that is not there, or says nothing, is unavailable after the limit") {
  World world;
  Answers answers;
  auto [ours, silent] = pair_of_sockets();
  RemoteIssuer absent([]() -> Result<Descriptor> { return fail(Fault::missing, "no socket"); },
                      {.order_limit = 30ms});
  RemoteIssuer mute(
      [line = std::move(ours)]() mutable -> Result<Descriptor> { return std::move(line); },
      {.order_limit = 30ms});
  absent.issue(world.device(1), answers.to(1));
  mute.issue(world.device(2), answers.to(2));
  answers.all(2);
  CHECK(answers.errors().at(1).fault == Fault::unavailable);
  CHECK(answers.errors().at(2).fault == Fault::unavailable);
  CHECK(answers.each_once());
}

TEST_CASE("what does not fit in the queue is told so at once") {
  World world;
  Answers answers;
  {
    RemoteIssuer issuer([]() -> Result<Descriptor> { return fail(Fault::missing, "no socket"); },
                        {.unanswered_max = 2});
    for (std::uint32_t n = 0; n < 3; ++n) issuer.issue(world.device(n), answers.to(n));
    answers.all(1);
    CHECK(answers.errors().at(2).fault == Fault::exhausted);
  }
  CHECK(answers.errors().at(0).fault == Fault::unavailable);  // its end answers the others
  CHECK(answers.each_once());
}

TEST_CASE("a line that speaks something else is hung up on by either side") {
  World world;
  Service service(*world.keeper);
  {
    const Descriptor line = expect(service.connect());
    const std::string words = "GET / HTTP/1.1\r\nHost: signer\r\n\r\n";
    REQUIRE(::send(line.number(), words.data(), words.size(), MSG_NOSIGNAL) > 0);
    char nothing = 0;
    CHECK(::recv(line.number(), &nothing, 1, 0) <= 0);
  }
  Answers answers;
  int lines = 0;
  RemoteIssuer issuer(
      [&]() -> Result<Descriptor> {
        if (++lines > 1) return service.connect();
        auto [ours, theirs] = pair_of_sockets();
        const std::string words = "HTTP/1.1 400 Bad Request\r\n\r\n";
        REQUIRE(::send(theirs.number(), words.data(), words.size(), MSG_NOSIGNAL) > 0);
        return std::move(ours);
      },
      {.pause_first = 1ms});
  issuer.issue(world.device(1), answers.to(1));
  answers.all(1);
  CHECK(answers.documents().size() == 1);
}

TEST_CASE("only the user it was told of may order, over a socket in a folder") {
  World world;
  const auto path = world.folder.path / "signer.sock";
  for (const bool allowed : {true, false}) {
    int stop[2];
    REQUIRE(::pipe(stop) == 0);
    const Descriptor stop_read(stop[0]), stop_write(stop[1]);
    Doors doors;
    doors.listener = expect(listen_at(path));
    doors.stop = stop_read.number();
    CHECK_FALSE(listen_at(path));  // somebody listens already
    std::thread service([&, d = std::move(doors)]() mutable {
      expect(serve(*world.keeper, std::move(d), {.allowed_user = ::getuid() + (allowed ? 0 : 1)}));
    });
    Answers answers;
    {
      RemoteIssuer issuer([&] { return connect_to(path); }, {.order_limit = allowed ? 5s : 100ms});
      issuer.issue(world.device(1), answers.to(1));
      answers.all(1);
    }
    CHECK(answers.documents().size() == (allowed ? 1 : 0));
    REQUIRE(::write(stop_write.number(), "x", 1) == 1);
    service.join();
  }
}

TEST_CASE("a program that is not there is not started") {
  CHECK(start("/nowhere/muster-signer", {}).error().message.find("/nowhere/muster-signer") !=
        std::string::npos);
}

TEST_CASE("a process that is started has the other end of the line as its descriptor 3") {
  const Descriptor line =
      expect(start("/bin/sh", {"-c", "printf 'from %s %s' \"$1\" \"$2\" >&3", "sh"}));
  std::string said(64, '\0');
  const auto count = ::recv(line.number(), said.data(), said.size(), MSG_WAITALL);
  REQUIRE(count > 0);
  CHECK(said.substr(0, static_cast<std::size_t>(count)) == "from --fd 3");
}
