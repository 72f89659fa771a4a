#include "net/stream.h"

#include <dirent.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <string>

#include "net/internal/test_throwaway_ca.h"
#include "net/test_until.h"

using namespace muster;
using namespace muster::net;
using internal::ThrowawayCa;

namespace {

// One end of a connection that writes down what happens to it.
struct End final : Stream::Events {
  explicit End(Loop& l) : loop(l) {}
  void on_open() override {
    open = true;
    certificate = stream->peer_certificate();
    if (!greeting.empty()) stream->write(greeting);
    if (at_open) at_open();
  }
  std::size_t on_bytes(ByteView bytes) override {
    ++calls;
    const std::size_t used = std::min(bytes.size(), appetite);
    received += text_of(bytes.first(used));
    if (at_bytes) at_bytes();
    return used;
  }
  void on_drained() override {
    ++drained;
    if (at_drained) at_drained();
  }
  bool on_end() override {
    ended = true;
    return stays_open;
  }
  void on_close(const Error& error) override {
    closed = error;
    ++closes;
    loop.stop();
  }

  Loop& loop;
  std::unique_ptr<Stream> stream;
  std::string greeting, received;
  std::size_t appetite = SIZE_MAX;
  std::optional<Error> closed;
  std::optional<Bytes> certificate;
  std::function<void()> at_open, at_bytes, at_drained;
  bool open = false, ended = false, stays_open = false;
  int calls = 0, drained = 0, closes = 0;
};

struct Pair {
  explicit Pair(TlsContext* server_tls = nullptr, TlsContext* client_tls = nullptr,
                const std::string& host = "127.0.0.1")
      : listener(expect(Listener::open(loop, "127.0.0.1", 0, [this, server_tls](int fd) {
          server.stream = std::make_unique<Stream>(loop, server, fd, server_tls);
        }))) {
    client.stream = std::make_unique<Stream>(loop, client, host, listener->port(), client_tls);
  }
  void run_until(const std::function<bool()>& done) { REQUIRE(net::until(loop, done)); }
  Loop loop;
  End server{loop}, client{loop};
  std::unique_ptr<Listener> listener;
};

struct Fleet {
  ThrowawayCa ca{"fleet"}, stranger{"stranger"};
  internal::Identity door = ca.issue("door", "DNS:localhost,IP:127.0.0.1");
  internal::Identity meter = ca.issue("meter-1", "");

  TlsSettings server_settings(PeerCertificate peer) const {
    return {.key_pem = door.key_pem,
            .chain_pem = door.certificate_pem,
            .anchors_pem = ca.pem(),
            .peer = peer};
  }
  TlsContext server(PeerCertificate peer) const {
    return expect(TlsContext::server(server_settings(peer)));
  }
  TlsContext client() const { return expect(TlsContext::client({.anchors_pem = ca.pem()})); }
  TlsContext client(const internal::Identity& own) const {
    return expect(TlsContext::client(
        {.key_pem = own.key_pem, .chain_pem = own.certificate_pem, .anchors_pem = ca.pem()}));
  }
};

}  // namespace

TEST_CASE("bytes go both ways on a plain connection, and finish says goodbye") {
  Pair pair;
  pair.client.greeting = "hello";
  pair.server.at_bytes = [&] {
    pair.server.stream->write("world");
    pair.server.stream->finish();
  };
  pair.run_until([&] { return pair.client.closed && pair.server.closed; });
  CHECK(pair.server.received == "hello");
  CHECK(pair.client.received == "world");
  CHECK(pair.client.ended);
  CHECK(pair.client.closes == 1);
  CHECK(pair.server.closes == 1);
}

TEST_CASE("a host name is resolved off the loop") {
  Pair pair(nullptr, nullptr, "localhost");
  pair.run_until([&] { return pair.client.open; });
  CHECK(pair.client.stream->peer_address().starts_with("127.0.0.1:"));
}

TEST_CASE("a refused connection is told from the loop, with the address") {
  Loop loop;
  std::uint16_t port;
  {
    port = expect(Listener::open(loop, "127.0.0.1", 0, [](int) {}))->port();
  }
  End client(loop);
  client.stream = std::make_unique<Stream>(loop, client, "127.0.0.1", port, nullptr);
  CHECK_FALSE(client.closed);
  loop.run();
  REQUIRE(client.closed);
  CHECK(client.closed->message.find("127.0.0.1:" + std::to_string(port)) != std::string::npos);
}

TEST_CASE("a peer that half-closes still gets what it asked for") {
  Pair pair;
  pair.server.stays_open = true;
  pair.client.at_open = [&] { pair.client.stream->finish(); };
  pair.run_until([&] { return pair.server.ended; });
  CHECK_FALSE(pair.server.closed);
  pair.server.stream->write("late answer");
  pair.server.stream->finish();
  pair.run_until([&] { return pair.server.closed && pair.client.closed; });
}

TEST_CASE("bytes left unread are offered again with the next ones") {
  Pair pair;
  pair.client.greeting = "abcdef";
  pair.server.appetite = 4;
  pair.server.at_bytes = [&] {
    if (pair.server.calls == 1) pair.client.stream->write("gh");
  };
  pair.run_until([&] { return pair.server.received.size() == 8; });
  CHECK(pair.server.received == "abcdefgh");
}

TEST_CASE("a peer that sends more than can be kept unread is closed") {
  Pair pair;
  pair.client.greeting.assign(3 << 20, 'x');
  pair.server.appetite = 0;
  pair.run_until([&] { return pair.server.closed.has_value(); });
  CHECK(pair.server.closed->fault == Fault::exhausted);
}

TEST_CASE("a paused stream reads nothing until it is let go") {
  Pair pair;
  pair.server.appetite = 0;
  pair.run_until([&] { return pair.client.open && pair.server.open; });
  pair.server.stream->pause_reading(true);
  pair.client.stream->write("waiting");
  bool later = false;
  pair.loop.after(20ms, [&] { later = true; });
  pair.run_until([&] { return later; });
  CHECK(pair.server.calls == 0);
  pair.server.appetite = SIZE_MAX;
  pair.server.stream->pause_reading(false);
  pair.run_until([&] { return pair.server.received == "waiting"; });
}

TEST_CASE("a stream may be destroyed in any of its callbacks") {
  for (int where = 0; where < 3; ++where) {
    Pair pair;
    pair.client.greeting.assign(100'000, 'x');
    auto drop = [&] { pair.server.stream.reset(); };
    if (where == 0) pair.server.at_open = drop;
    if (where == 1) pair.server.at_bytes = drop;
    if (where == 2) {
      pair.server.greeting.assign(100'000, 'y');
      pair.server.at_drained = drop;
    }
    pair.run_until([&] { return pair.client.closed.has_value(); });
    CHECK_FALSE(pair.server.stream);
    CHECK(pair.server.closes == 0);
  }
}

TEST_CASE("a device with a certificate of the fleet is let in and known") {
  Fleet fleet;
  auto server = fleet.server(PeerCertificate::required);
  auto client = fleet.client(fleet.meter);
  Pair pair(&server, &client);
  pair.client.greeting = "hello";
  pair.run_until([&] { return pair.server.received == "hello"; });
  REQUIRE(pair.server.certificate);
  const auto* der = pair.server.certificate->data();
  internal::Freed<X509_free> free;
  X509* x = d2i_X509(nullptr, &der, static_cast<long>(pair.server.certificate->size()));
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
  free(x);
  CHECK(std::string(name) == "meter-1");
}

namespace {

// Stands for a chip: what is asked of it is a digest, what it gives is a signature.
struct Elsewhere final : PrivateKey {
  explicit Elsewhere(const std::string& pem) {
    BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    key.reset(PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr));
    BIO_free(in);
  }
  Result<Bytes> sign_digest(ByteView digest) const override {
    ++asked;
    if (broken) return fail(Fault::unavailable, "the chip does not answer");
    const std::unique_ptr<EVP_PKEY_CTX, internal::Freed<EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new(key.get(), nullptr));
    Bytes out(128);
    std::size_t size = out.size();
    EVP_PKEY_sign_init(context.get());
    EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size());
    out.resize(size);
    return out;
  }
  std::unique_ptr<EVP_PKEY, internal::Freed<EVP_PKEY_free>> key;
  mutable int asked = 0;
  bool broken = false;
};

}  // namespace

TEST_CASE("a device's key may be elsewhere, and is asked once for each handshake") {
  Fleet fleet;
  auto chip = std::make_shared<Elsewhere>(fleet.meter.key_pem);
  TlsContext server = fleet.server(PeerCertificate::required);
  TlsContext client = expect(TlsContext::client(
      {.chain_pem = fleet.meter.certificate_pem, .key = chip, .anchors_pem = fleet.ca.pem()}));
  for (int i = 1; i <= 3; ++i) {
    Pair pair(&server, &client, "localhost");
    pair.run_until([&] { return pair.server.open && pair.client.open; });
    CHECK(pair.server.certificate);
    CHECK(chip->asked == i);
  }
  chip->broken = true;
  Pair pair(&server, &client, "localhost");
  pair.run_until([&] { return pair.client.closed.has_value(); });
  CHECK_FALSE(pair.server.open);

  auto another = std::make_shared<Elsewhere>(fleet.door.key_pem);
  TlsContext impostor = expect(TlsContext::client(
      {.chain_pem = fleet.meter.certificate_pem, .key = another, .anchors_pem = fleet.ca.pem()}));
  Pair refused(&server, &impostor, "localhost");
  refused.run_until([&] { return refused.server.closed.has_value(); });
  CHECK_FALSE(refused.server.open);
}

TEST_CASE("a door that requires a certificate refuses a client without one") {
  Fleet fleet;
  auto server = fleet.server(PeerCertificate::required);
  auto client = fleet.client();
  Pair pair(&server, &client);
  pair.run_until([&] { return pair.server.closed && pair.client.closed; });
  CHECK_FALSE(pair.server.open);
}

TEST_CASE("a door that requests a certificate does without, but never takes a stranger's") {
  Fleet fleet;
  auto server = fleet.server(PeerCertificate::requested);
  {
    auto client = fleet.client();
    Pair pair(&server, &client);
    pair.run_until([&] { return pair.server.open; });
    CHECK_FALSE(pair.server.certificate);
  }
  auto client = fleet.client(fleet.stranger.issue("meter-1", ""));
  Pair pair(&server, &client);
  pair.run_until([&] { return pair.server.closed && pair.client.closed; });
  CHECK_FALSE(pair.server.open);
  CHECK(pair.server.closed->fault == Fault::unauthorized);
}

TEST_CASE(
    "a door lets a certificate pass that is not valid yet, and nobody's else; a client does not") {
  Fleet fleet;
  constexpr long in_an_hour = 3600;
  auto server = fleet.server(PeerCertificate::required);
  {
    auto client = fleet.client(fleet.ca.issue("meter-1", "", in_an_hour));
    Pair pair(&server, &client);
    pair.run_until([&] { return pair.server.open; });
    CHECK(pair.server.certificate);
  }
  {
    auto client = fleet.client(fleet.stranger.issue("meter-1", "", in_an_hour));
    Pair pair(&server, &client);
    pair.run_until([&] { return pair.server.closed.has_value(); });
    CHECK_FALSE(pair.server.open);
  }
  const auto own = fleet.ca.issue("door", "DNS:localhost,IP:127.0.0.1", in_an_hour);
  auto early =
      expect(TlsContext::server({.key_pem = own.key_pem, .chain_pem = own.certificate_pem}));
  auto client = fleet.client();
  Pair pair(&early, &client);
  pair.run_until([&] { return pair.client.closed.has_value(); });
  CHECK_FALSE(pair.client.open);
}

TEST_CASE("a client refuses a server of a stranger, or under another name") {
  Fleet fleet;
  auto client = fleet.client();
  auto elsewhere = fleet.ca.issue("door", "DNS:elsewhere.example");
  auto strange = fleet.stranger.issue("door", "DNS:localhost,IP:127.0.0.1");
  for (const auto& own : {elsewhere, strange}) {
    auto server =
        expect(TlsContext::server({.key_pem = own.key_pem, .chain_pem = own.certificate_pem}));
    Pair pair(&server, &client);
    pair.run_until([&] { return pair.client.closed.has_value(); });
    CHECK_FALSE(pair.client.open);
    CHECK(pair.client.closed->fault == Fault::unauthorized);
  }
}

TEST_CASE("TLS 1.2 is spoken only where it is allowed") {
  Fleet fleet;
  auto settings = fleet.server_settings(PeerCertificate::none);
  for (bool allowed : {false, true}) {
    settings.tls12 = allowed;
    auto server = expect(TlsContext::server(settings));
    Pair pair(&server);
    // A client hello of TLS 1.2 only, from a bare OpenSSL client on its own descriptor.
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL* ssl = SSL_new(context);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    auto pump = [&] {
      SSL_do_handshake(ssl);
      char* data = nullptr;
      const auto size = BIO_get_mem_data(out, &data);
      pair.client.stream->write(std::string_view(data, static_cast<std::size_t>(size)));
      (void)BIO_reset(out);
    };
    pair.client.at_open = pump;
    pair.client.at_bytes = [&] {
      BIO_write(in, pair.client.received.data(), static_cast<int>(pair.client.received.size()));
      pair.client.received.clear();
      pump();
    };
    pair.run_until([&] { return pair.server.closed || pair.server.open; });
    CHECK(pair.server.open == allowed);
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
}

TEST_CASE("a large transfer waits for a slow reader and arrives whole") {
  Fleet fleet;
  auto server = fleet.server(PeerCertificate::none);
  auto client = fleet.client();
  for (bool tls : {false, true}) {
    Pair pair(tls ? &server : nullptr, tls ? &client : nullptr);
    constexpr std::size_t piece = 128 * 1024, pieces = 256;
    std::size_t sent = 0, outbox_most = 0;
    auto next = [&] {
      outbox_most = std::max(outbox_most, pair.server.stream->outbox());
      if (sent == pieces) return pair.server.stream->finish();
      pair.server.stream->write(std::string(piece, static_cast<char>('a' + sent++ % 26)));
    };
    pair.server.at_open = next;
    pair.server.at_drained = next;
    int pauses = 0;
    pair.client.at_bytes = [&] {
      if (++pauses % 8 != 0) return;
      pair.client.stream->pause_reading(true);
      pair.loop.after(0ms, [&] { pair.client.stream->pause_reading(false); });
    };
    pair.run_until([&] { return pair.client.closed && pair.server.closed; });
    REQUIRE(pair.client.received.size() == piece * pieces);
    bool right = true;
    for (std::size_t i = 0; i < pieces; ++i)
      right = right && pair.client.received[i * piece] == static_cast<char>('a' + i % 26) &&
              pair.client.received[i * piece + piece - 1] == static_cast<char>('a' + i % 26);
    CHECK(right);
    CHECK(outbox_most <= piece);
  }
}

TEST_CASE("a reload serves new handshakes and keeps live connections") {
  Fleet fleet;
  ThrowawayCa next_ca("next");
  auto server = fleet.server(PeerCertificate::none);
  auto client = fleet.client();
  Pair pair(&server, &client);
  pair.run_until([&] { return pair.client.open && pair.server.open; });

  auto own = next_ca.issue("door", "IP:127.0.0.1");
  expect(server.reload({.key_pem = own.key_pem, .chain_pem = own.certificate_pem}));
  expect(client.reload({.anchors_pem = next_ca.pem()}));
  pair.client.stream->write("still here");
  pair.run_until([&] { return pair.server.received == "still here"; });

  Pair renewed(&server, &client);
  renewed.run_until([&] { return renewed.client.open; });
  CHECK_FALSE(pair.client.closed);
}

TEST_CASE("settings that cannot work are refused with the field that is wrong") {
  Fleet fleet;
  auto settings = fleet.server_settings(PeerCertificate::none);
  settings.key_pem = fleet.meter.key_pem;
  CHECK(TlsContext::server(settings).error().field == "key_pem");
  settings = fleet.server_settings(PeerCertificate::none);
  settings.chain_pem = "nonsense";
  CHECK(TlsContext::server(settings).error().field == "chain_pem");
  settings = fleet.server_settings(PeerCertificate::none);
  settings.anchors_pem = settings.anchors_pem.substr(0, 200);
  CHECK(TlsContext::server(settings).error().field == "anchors_pem");

  auto context = fleet.server(PeerCertificate::none);
  CHECK_FALSE(context.reload(settings));
  auto client = fleet.client();
  Pair pair(&context, &client);
  pair.run_until([&] { return pair.client.open; });
}

TEST_CASE("many small writes in one turn leave as one record") {
  Fleet fleet;
  auto server = fleet.server(PeerCertificate::none);
  auto client = fleet.client();
  Pair pair(&server, &client);
  pair.run_until([&] { return pair.client.open && pair.server.open; });
  for (int i = 0; i < 100; ++i) pair.client.stream->write("0123456789");
  pair.run_until([&] { return pair.server.received.size() == 1000; });
  CHECK(pair.server.calls == 1);
}

TEST_CASE("ALPN agrees on a protocol both sides name") {
  Fleet fleet;
  auto settings = fleet.server_settings(PeerCertificate::none);
  settings.alpn = {"mqtt", "http/1.1"};
  auto server = expect(TlsContext::server(settings));
  auto client =
      expect(TlsContext::client({.anchors_pem = fleet.ca.pem(), .alpn = {"h2", "http/1.1"}}));
  Pair pair(&server, &client);
  pair.run_until([&] { return pair.client.open && pair.server.open; });
  CHECK(pair.client.stream->protocol() == "http/1.1");
  CHECK(pair.server.stream->protocol() == "http/1.1");
}

TEST_CASE("a held listener leaves connections in the backlog") {
  Pair pair;
  pair.listener->hold(true);
  pair.run_until([&] { return pair.client.open; });
  CHECK_FALSE(pair.server.stream);
  pair.listener->hold(false);
  pair.run_until([&] { return pair.server.open; });
}

TEST_CASE("when descriptors are used up, clients wait and are let in once there are some") {
  Pair pair;  // its connect is under way, its accept is not
  int highest = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(folder))
    highest = std::max(highest, std::atoi(entry->d_name));
  ::closedir(folder);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> taken;  // no gap below the highest
  const rlimit low{static_cast<rlim_t>(highest), limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  for (int fd; (fd = ::dup(0)) >= 0;) taken.push_back(fd);
  bool later = false;
  pair.loop.after(30ms, [&] { later = true; });
  pair.run_until([&] { return later; });
  const bool kept_out = pair.server.stream == nullptr;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  for (int fd : taken) ::close(fd);
  CHECK(kept_out);
  pair.run_until([&] { return pair.server.open && pair.client.open; });
}
