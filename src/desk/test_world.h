// desk/test_world -- a domain and its desk on a clock that stands still, and a gate that
// writes down what it is told. One thread, unless a test gives run() one of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "desk/desk.h"
#include "desk/test_whole_domain.h"

namespace muster::desk::testing {

// The ledger's key: signing is the last step before a commit, so it tells when one is near, and by
// refusing it breaks the batch.
class WatchedKey final : public crypto::SigningKey {
 public:
  explicit WatchedKey(const crypto::SigningKey& key) : key_(key) {}
  const crypto::PublicKey& public_key() const override { return key_.public_key(); }
  Result<Bytes> sign(ByteView message) const override {
    ++signatures;
    if (signing) signing();
    if (refuses) return fail(Fault::unavailable, "the key does not answer");
    return key_.sign(message);
  }
  mutable std::size_t signatures = 0;
  std::function<void()> signing;
  bool refuses = false;

 private:
  const crypto::SigningKey& key_;
};

inline const Instant morning = instant(1'800'000'000'000);
inline const ledger::Actor ann{"operator:ann", "admin"};

inline DeviceId device_id(const std::string& text) {
  return expect(DeviceId::parse(text));
}
inline ModelId model_id(const std::string& text) {
  return expect(ModelId::parse(text));
}

struct World final : link::Gate {
  World() { desk.attach(*this); }

  void push(link::Pushes told) override {
    if (pushing) pushing();
    pushes.insert(pushes.end(), told->begin(), told->end());
  }

  // One question to its answer.
  template <class Q>
  Result<typename Q::Answer> ask(Q question) {
    Result<typename Q::Answer> out = fail(Fault::internal, "not answered");
    desk.ask(link::Request(std::move(question)), [&](Result<link::Reply> reply) {
      if (reply)
        out = std::get<typename Q::Answer>(std::move(*reply));
      else
        out = std::unexpected(reply.error());
    });
    while (desk.drain() > 0) {  // what goes by the signer takes more than one turn
    }
    return out;
  }

  // A decision, durable when this returns.
  template <class F>
  auto decide(F f) {
    auto out = f(whole.domain);
    desk.drain();
    return out;
  }

  // A device that has its certificate; its fingerprint.
  link::Fingerprint enrol(const std::string& name, const std::string& model = "meter") {
    auto token = expect(decide([&](Domain& d) {
      return d.identity.expect({.id = device_id(name), .model = model_id(model)}, ann);
    }));
    const auto key = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
    const Bytes spki = key.public_key().spki();
    const Bytes certificate = expect(
        ask(link::Enrol{name, token.text, spki, crypto::sha256(spki), name, "198.51.100.7:4000"}));
    return crypto::sha256(certificate);
  }

  // A device that is active and here, without the cost of a certificate.
  void bring(const std::string& name, const std::string& model = "meter") {
    const DeviceId id = device_id(name);
    expect(whole.inventory.expect({.id = id, .model = model_id(model)}, ann));
    expect(whole.inventory.activate(id, ann));
    whole.inventory.contact(id, true);
  }

  std::string publish(const std::string& version, const std::string& content) {  // its id
    const auto digest = crypto::sha256(bytes_of(content));
    const auto spooled = whole.releases.spool() / ("upload-" + version);
    std::FILE* file = std::fopen(spooled.c_str(), "wb");
    std::fwrite(content.data(), 1, content.size(), file);
    std::fclose(file);
    return expect(decide([&](Domain& d) -> Result<std::string> {
      TRY(auto artifact, d.releases.take_artifact(spooled, digest, content.size(), digest, ann));
      TRY(auto release, d.releases.publish_online(model_id("meter"), version, artifact.sha256,
                                                  std::nullopt, ann));
      return release.id;
    }));
  }

  Folder folder;
  ManualClock clock{morning};
  SeededRandom random{7};
  Keys keys{morning};
  WatchedKey ledger_key{keys.ledger};
  WholeDomain whole{folder.path, keys, ledger_key, clock, random};
  Desk desk{whole.domain, whole.issuer, clock};
  std::vector<link::Push> pushes;
  std::function<void()> pushing;
};

// The pushes of one kind.
template <class P>
std::vector<P> only(const std::vector<link::Push>& pushes) {
  std::vector<P> out;
  for (const auto& push : pushes)
    if (const auto* each = std::get_if<P>(&push)) out.push_back(*each);
  return out;
}

}  // namespace muster::desk::testing
