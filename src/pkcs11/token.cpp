#include "pkcs11/token.h"

#include <openssl/evp.h>

#include <map>
#include <mutex>
#include <new>
#include <utility>

#include "base/log.h"
#include "pkcs11/internal/session.h"
#include "pkcs11/internal/spelling.h"

namespace muster::pkcs11 {
namespace {

using crypto::Algorithm;

constexpr std::size_t keys_max = 256, id_octets = 16;

CK_MECHANISM_TYPE signing(Algorithm algorithm) {
  return algorithm == Algorithm::ed25519 ? CKM_EDDSA : CKM_ECDSA;
}
CK_MECHANISM_TYPE making(Algorithm algorithm) {
  return algorithm == Algorithm::ed25519 ? CKM_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
}

std::string words_for(const std::string& label, const Bytes& id) {
  std::string out = "key";
  if (!label.empty()) out += " \"" + label + '"';
  if (!id.empty()) out += " with id " + to_hex(id);
  return out;
}

}  // namespace

Bytes prepared(Algorithm algorithm, ByteView message) {
  if (algorithm == Algorithm::ed25519) return {message.begin(), message.end()};
  if (algorithm == Algorithm::ecdsa_p256) {
    const crypto::Hash digest = crypto::sha256(message);
    return {digest.begin(), digest.end()};
  }
  Bytes digest(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "SHA384", nullptr, message.data(), message.size(), digest.data(),
                   &size) != 1)
    throw std::bad_alloc();
  digest.resize(size);
  return digest;
}

struct Token::State {
  explicit State(Uri where) : uri(std::move(where)) {}

  // Runs `ask` in the session, and once more in a new one when the token was gone meanwhile.
  template <class T, class Ask>
  Result<T> in_session(Ask ask) {
    const std::scoped_lock lock(one_at_a_time);
    const bool old = session != nullptr;
    if (!session) TRY_VOID(begin());
    Result<T> answer = ask(*session);
    if (answer || !gone(session->last())) return answer;
    forget();
    if (!old) return answer;
    TRY_VOID(begin());
    log::warning("pkcs11", "the token was gone and is back", {{"token", session->name()}});
    answer = ask(*session);
    if (!answer && gone(session->last())) forget();
    return answer;
  }

  // A PIN that was refused is not tried a second time: tokens lock.
  Result<void> begin() {
    if (refusal) return std::unexpected(*refusal);
    auto begun = Session::begin(uri);
    if (!begun && begun.error().fault == Fault::unauthorized) refusal = begun.error();
    TRY(session, std::move(begun));
    return {};
  }

  void forget() {
    session.reset();
    handles.clear();
  }

  Result<Object> the_private(Session& with, const std::string& label, const Bytes& id) const {
    TRY(const auto found, with.find(CKO_PRIVATE_KEY, label, id));
    if (found.empty())
      return fail(Fault::missing, with.name() + " has no private " + words_for(label, id));
    if (found.size() > 1)
      return fail(Fault::conflict, with.name() + " has several private keys that are the " +
                                       words_for(label, id) + "; name one by id=");
    return found.front();
  }

  Result<Object> the_same(Session& with, const std::string& label, const Bytes& id) {
    const auto known = handles.find({label, id});
    if (known != handles.end()) return known->second;
    auto found = the_private(with, label, id);
    if (found)
      handles.emplace(std::pair(label, id), *found);
    else
      with.doubt();  // SoftHSM goes on without the keys of a token that is away
    return found;
  }

  const Uri uri;
  std::unique_ptr<Session> session;
  std::optional<Error> refusal;                             // of the PIN
  std::map<std::pair<std::string, Bytes>, Object> handles;  // of private keys, in this session
  std::mutex one_at_a_time;
};

namespace {

struct Half {
  std::string label;
  Bytes id;
  crypto::PublicKey key;
};

// By the public object, or where a token has none by what the private one shows.
Result<Half> described(Session& with, Object secret) {
  Half out;
  TRY(out.id, with.attribute(secret, CKA_ID));
  TRY(const Bytes label, with.attribute(secret, CKA_LABEL));
  out.label = text_of(label);
  std::vector<Object> open;
  if (!out.id.empty() || !out.label.empty()) {
    TRY(open, with.find(CKO_PUBLIC_KEY, out.id.empty() ? out.label : "", out.id));
  }
  if (open.size() > 1)
    return fail(Fault::conflict, with.name() + " has several public keys that are the " +
                                     words_for(out.label, out.id) + "; remove what is not its own");
  const Object shown = open.empty() ? secret : open.front();
  TRY(const Bytes parameters, with.attribute(shown, CKA_EC_PARAMS));
  TRY(const Bytes point, with.attribute(shown, CKA_EC_POINT));
  if (parameters.empty() || point.empty())
    return fail(Fault::corrupt, with.name() + " does not show the public half of the " +
                                    words_for(out.label, out.id) +
                                    ", or it is no elliptic curve key; import the public key too");
  TRY(out.key, public_key_of(parameters, point));
  TRY(const Bytes may_leave, with.attribute(secret, CKA_EXTRACTABLE));
  if (may_leave == Bytes{CK_TRUE})
    log::warning("pkcs11", "this key was made to be taken out of its token",
                 {{"token", with.name()}, {"key", out.label}});
  return out;
}

// The two halves go by a name that anybody could have given them.
Result<void> check_halves(Session& with, Object secret, const Half& half) {
  constexpr std::string_view probe = "muster asks whether these two belong together";
  const Algorithm algorithm = half.key.algorithm();
  TRY(const Bytes raw, with.sign(secret, signing(algorithm), prepared(algorithm, bytes_of(probe))));
  TRY(const Bytes signature, signature_of(algorithm, raw));
  if (half.key.verify(bytes_of(probe), signature)) return {};
  return fail(Fault::corrupt, with.name() + ": the public and the private half of the " +
                                  words_for(half.label, half.id) + " do not belong together");
}

Result<void> make_pair(Session& with, Algorithm algorithm, const std::string& label,
                       const Bytes& id) {
  Result<void> made;
  for (const Bytes& spelling : curve_spellings(algorithm))
    if (made = with.make_pair(making(algorithm), spelling, label, id); made) return {};
  made.error().message += std::string(" of ") + crypto::name_of(algorithm);
  return made;
}

}  // namespace

Token::Token(std::unique_ptr<State> state) : state_(std::move(state)) {}
Token::~Token() = default;

Result<std::unique_ptr<Token>> Token::open(Uri uri) {
  auto state = std::make_unique<State>(std::move(uri));
  TRY_VOID(state->begin());
  return std::unique_ptr<Token>(new Token(std::move(state)));
}

Result<std::unique_ptr<Key>> Token::key(const std::string& label, const Bytes& id) const {
  TRY(auto half, state_->in_session<Half>([&](Session& with) -> Result<Half> {
    TRY(const Object secret, state_->the_private(with, label, id));
    TRY(auto found, described(with, secret));
    TRY_VOID(check_halves(with, secret, found));
    return found;
  }));
  return std::unique_ptr<Key>(
      new Key(*this, std::move(half.label), std::move(half.id), std::move(half.key)));
}

Result<std::unique_ptr<Key>> Token::make_key(Algorithm algorithm, const std::string& label,
                                             const Bytes& id) const {
  TRY_VOID(state_->in_session<void>([&](Session& with) -> Result<void> {
    TRY(const auto before, with.find(CKO_PRIVATE_KEY, "", id));
    if (!id.empty() && !before.empty())
      return fail(Fault::conflict, with.name() + " has a key with id " + to_hex(id) + " already");
    return make_pair(with, algorithm, label, id);
  }));
  return key(label, id);
}

Result<std::vector<Bytes>> Token::ids_of(const std::string& label) const {
  return state_->in_session<std::vector<Bytes>>([&](Session& with) -> Result<std::vector<Bytes>> {
    TRY(const auto found, with.find(CKO_PRIVATE_KEY, label, {}, keys_max));
    std::vector<Bytes> out;
    for (const Object each : found) {
      TRY(auto id, with.attribute(each, CKA_ID));
      if (!id.empty()) out.push_back(std::move(id));
    }
    return out;
  });
}

Result<void> Token::remove(const Bytes& id) const {
  if (id.empty()) return fail(Fault::invalid, "a key is removed by its id");
  return state_->in_session<void>([&](Session& with) -> Result<void> {
    std::erase_if(state_->handles, [&](const auto& known) { return known.first.second == id; });
    for (const CK_OBJECT_CLASS half : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}) {
      TRY(const auto found, with.find(half, "", id));
      for (const Object each : found) TRY_VOID(with.destroy(each));
    }
    return {};
  });
}

Result<Bytes> Key::sign(ByteView message) const {
  return sign_prepared(prepared(public_key_.algorithm(), message));
}

Result<Bytes> Key::sign_prepared(ByteView what) const {
  const Algorithm algorithm = public_key_.algorithm();
  auto& state = *token_.state_;
  const auto raw = state.in_session<Bytes>([&](Session& with) -> Result<Bytes> {
    TRY(const Object secret, state.the_same(with, label_, id_));
    return with.sign(secret, signing(algorithm), what);
  });
  // It was there and did sign: whatever is missing or refused now may be back later.
  if (!raw) return fail(Fault::unavailable, raw.error().message);
  return signature_of(algorithm, *raw);
}

Result<KeyInToken> open_key(const std::string& text, std::optional<Algorithm> make,
                            Random& random) {
  TRY(const Uri uri, parse_uri(text));
  if (uri.object.empty() && uri.id.empty())
    return fail(Fault::invalid, "the URI must name the key: " + uri.name + ";object=...");
  KeyInToken out;
  TRY(out.token, Token::open(uri));
  auto found = out.token->key(uri.object, uri.id);
  if (!found && found.error().fault == Fault::missing && make) {
    TRY(const auto ids, out.token->ids_of(uri.object));
    if (!ids.empty() && !uri.object.empty()) return std::unexpected(std::move(found).error());
    Bytes id = uri.id;
    if (id.empty()) {
      id.resize(id_octets);
      random.fill(id);
    }
    found = out.token->make_key(*make, uri.object, id);
  }
  TRY(out.key, std::move(found));
  return out;
}

}  // namespace muster::pkcs11
