#include "signer/authority.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "crypto/cross.h"
#include "signer/internal/journal.h"

namespace muster::signer {
namespace {

using crypto::Certificate;
using crypto::FileKey;

constexpr Duration root_life = 20 * 365 * 24h, issuing_life = 10 * 365 * 24h;
constexpr Duration backdated = 25h;  // for clients whose clock is behind, were it by a day
constexpr auto algorithm = crypto::Algorithm::ecdsa_p256;
constexpr std::size_t pem_max = 4096;

// Two CAs of one name would make their lists and chains hard to tell apart for others.
std::string named(const char* what, const FileKey& key) {
  return std::string(what) + ' ' + to_hex(key.public_key().fingerprint()).substr(0, 8);
}

Result<Certificate> issued(const crypto::Profile& profile, const crypto::PublicKey& key,
                           const Certificate* issuer, const FileKey& signer, Random& random) {
  TRY(const auto der, crypto::issue(profile, key, crypto::random_serial(random), issuer, signer));
  return crypto::parse_certificate(der);
}

crypto::Profile cross_profile(const Certificate& root, const Certificate& by, Instant now) {
  const Instant begin = std::max({root.not_before, by.not_before, Instant(now - backdated)});
  return {.use = crypto::Use::cross_ca,
          .common_name = root.common_name,
          .not_before = begin,
          .not_after = std::min(root.not_after, by.not_after)};
}

}  // namespace

Authority::Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::of(std::vector<Certificate> chain, const crypto::SigningKey& key) {
  if (chain.empty() || !chain.front().is_ca)
    return fail(Fault::invalid, "the issuing certificate is missing, or is not a CA's");
  if (chain.front().key.spki() != key.public_key().spki())
    return fail(Fault::invalid, "the issuing key is not that of the issuing certificate");
  Authority out;
  out.state_.current = {chain.front(), chain.back()};
  out.key_ = &key;
  return out;
}

Result<Authority> Authority::open(const Folder& folder) {
  Authority out;
  TRY(auto key, FileKey::load(folder.issuing_key()));
  TRY(auto journal, Journal::open(folder.journal()));
  out.own_ = std::make_unique<FileKey>(std::move(key));
  out.state_.current = {folder.chain.front(), folder.chain.back()};
  for (const Entry& entry : journal.take_entries()) TRY_VOID(out.replay(entry));
  if (out.state_.phase == Phase::settled && out.state_.rollover != crypto::Serial{}) {
    TRY_VOID(out.settle(folder));
    TRY(journal, Journal::open(folder.journal()));
  }
  out.key_ = out.own_.get();
  if (out.state_.current.issuing.key.spki() != out.own_->public_key().spki())
    return fail(Fault::invalid, folder.issuing_key().string() + " is not the key of issuing.pem");
  out.root_file_ = Descriptor(::open(folder.root_key().c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.root_file_) out.root_errno_ = errno;
  out.journal_ = std::make_unique<Journal>(std::move(journal));
  return out;
}

// One step, as it was taken.
Result<void> Authority::replay(const Entry& entry) {
  state_.rollover = entry.rollover;
  state_.scope = entry.scope;
  switch (entry.mark) {
    case Mark::begun: {
      auto draft = std::make_unique<Draft>();
      draft->id = entry.rollover;
      draft->scope = entry.scope;
      draft->root_pem = entry.root_key_pem;
      const auto& ders = entry.certificates;
      if (ders.size() != 2 && ders.size() != 4)
        return fail(Fault::corrupt, "the rollover's journal holds half a generation");
      TRY(draft->next.issuing, crypto::parse_certificate(ders[0]));
      TRY(draft->next.root, crypto::parse_certificate(ders[1]));
      if (ders.size() == 4) {
        TRY(draft->new_with_old, crypto::parse_certificate(ders[2]));
        TRY(draft->old_with_new, crypto::parse_certificate(ders[3]));
      }
      TRY(auto key, FileKey::from_pem(entry.issuing_key_pem));
      draft->issuing = std::make_unique<FileKey>(std::move(key));
      install(std::move(draft));
      return {};
    }
    case Mark::switched:
      if (!state_.other) return fail(Fault::corrupt, "the rollover's journal switches to nothing");
      swap();
      return {};
    case Mark::finished:
    case Mark::aborted:
      replaced_ = replaced_ || entry.mark == Mark::finished;
      state_.phase = Phase::settled;
      state_.other.reset();
      state_.new_with_old.reset();
      state_.old_with_new.reset();
      other_.reset();
      other_root_pem_.clear();
      return {};
    case Mark::settled:
      return {};
  }
  return {};
}

void Authority::install(std::unique_ptr<Draft> draft) {
  state_.phase = Phase::begun;
  state_.rollover = draft->id;
  state_.scope = draft->scope;
  state_.other = std::move(draft->next);
  state_.new_with_old = std::move(draft->new_with_old);
  state_.old_with_new = std::move(draft->old_with_new);
  other_ = std::move(draft->issuing);
  other_root_pem_ = draft->scope == Scope::issuing ? root_pem_ : std::move(draft->root_pem);
}

void Authority::swap() {
  state_.phase = Phase::switched;
  std::swap(state_.current, *state_.other);
  std::swap(own_, other_);
  std::swap(root_pem_, other_root_pem_);
  key_ = own_.get();
}

// What is over takes its place on the disk: keys before the certificates that need them, and the
// journal, which says all of it again, last.
Result<void> Authority::settle(const Folder& folder) const {
  if (replaced_) {
    const auto& [issuing, root] = state_.current;
    TRY_VOID(write_file(folder.issuing_key(), own_->private_pem(), 0600));
    if (!root_pem_.empty()) TRY_VOID(write_file(folder.root_key(), root_pem_, 0600));
    TRY_VOID(write_file(folder.path / "issuing.pem", crypto::certificate_pem(issuing.der)));
    TRY_VOID(write_file(folder.path / "ca.pem", crypto::certificate_pem(root.der)));
  }
  return Journal::replace(
      folder.journal(),
      {.mark = Mark::settled, .rollover = state_.rollover, .scope = state_.scope});
}

std::optional<Authority::Issuer> Authority::find(ByteView key_id) const {
  const auto& current = state_.current.issuing;
  if (key_id.empty() || std::ranges::equal(key_id, current.subject_key_id))
    return Issuer{&current, key_, true};
  if (state_.other && std::ranges::equal(key_id, state_.other->issuing.subject_key_id))
    return Issuer{&state_.other->issuing, other_.get(), false};
  return std::nullopt;
}

Result<std::string> Authority::root_pem() const {
  if (!root_pem_.empty()) return root_pem_;
  const auto unreadable = [](int error) {
    return fail(Fault::unavailable, std::string("keys/root.key cannot be read: ") +
                                        std::strerror(error) +
                                        "; mend that, start the signer again, and begin once more");
  };
  if (!root_file_ && root_errno_ != 0 && root_errno_ != ENOENT) return unreadable(root_errno_);
  std::string pem;
  if (root_file_) {
    pem.resize(pem_max);
    const auto count = ::pread(root_file_.number(), pem.data(), pem.size(), 0);
    if (count < 0) return unreadable(errno);
    pem.resize(static_cast<std::size_t>(count));
  }
  if (pem.empty())
    return fail(Fault::missing,
                "the root's key is not with the signer: put keys/root.key back into its folder, "
                "start it again, and begin once more");
  return pem;
}

Result<FileKey> Authority::root_key() const {
  TRY(auto pem, root_pem());
  auto key = FileKey::from_pem(pem);
  ::explicit_bzero(pem.data(), pem.size());
  if (!key) return key;
  if (key->public_key().spki() != state_.current.root.key.spki())
    return fail(Fault::invalid, "keys/root.key is not the key of the root in ca.pem");
  return key;
}

Result<std::unique_ptr<Authority::Draft>> Authority::draft(const RolloverOrder& order, Instant now,
                                                           Random& random) const {
  if (!journal_)
    return fail(
        Fault::forbidden,
        "the issuing key is in a token and not in the signer's folder: this signer does not "
        "roll over");
  TRY(const FileKey old_key, root_key());
  const Certificate& old_root = state_.current.root;
  auto draft = std::make_unique<Draft>();
  draft->id = order.id;
  draft->scope = order.scope;
  draft->next.root = old_root;
  std::optional<FileKey> new_key;
  if (order.scope == Scope::whole) {
    TRY(new_key, FileKey::generate(algorithm));
    draft->root_pem = new_key->private_pem();
    TRY(draft->next.root, issued({.use = crypto::Use::root_ca,
                                  .common_name = named("Muster fleet root", *new_key),
                                  .not_before = now - backdated,
                                  .not_after = now + root_life},
                                 new_key->public_key(), nullptr, *new_key, random));
    const Certificate& root = draft->next.root;
    TRY(draft->new_with_old,
        issued(cross_profile(root, old_root, now), root.key, &old_root, old_key, random));
    TRY(draft->old_with_new,
        issued(cross_profile(old_root, root, now), old_root.key, &root, *new_key, random));
    TRY_VOID(crypto::verify_cross(*draft->new_with_old, root, std::span(&old_root, 1), now));
    TRY_VOID(crypto::verify_cross(*draft->old_with_new, old_root, std::span(&root, 1), now));
  }
  TRY(auto issuing, FileKey::generate(algorithm));
  const Certificate& root = draft->next.root;
  TRY(draft->next.issuing,
      issued({.use = crypto::Use::issuing_ca,
              .common_name = named("Muster issuing CA", issuing),
              .not_before = std::max<Instant>(now - backdated, root.not_before),
              .not_after = std::min<Instant>(now + issuing_life, root.not_after)},
             issuing.public_key(), &root, new_key ? *new_key : old_key, random));
  draft->issuing = std::make_unique<FileKey>(std::move(issuing));
  return draft;
}

std::vector<Certificate> Authority::certificates(const Draft& draft) {
  std::vector<Certificate> out{draft.next.issuing};
  if (draft.scope == Scope::issuing) return out;
  out.insert(out.end(), {draft.next.root, *draft.new_with_old, *draft.old_with_new});
  return out;
}

Result<void> Authority::begin(std::unique_ptr<Draft> draft) {
  Entry entry{.mark = Mark::begun,
              .rollover = draft->id,
              .scope = draft->scope,
              .root_key_pem = draft->root_pem,
              .issuing_key_pem = draft->issuing->private_pem(),
              .certificates = {draft->next.issuing.der, draft->next.root.der}};
  if (draft->new_with_old) {
    entry.certificates.push_back(draft->new_with_old->der);
    entry.certificates.push_back(draft->old_with_new->der);
  }
  TRY_VOID(journal_->append(entry));
  install(std::move(draft));
  return {};
}

Result<void> Authority::note(Mark mark) {
  const Entry entry{.mark = mark, .rollover = state_.rollover, .scope = state_.scope};
  TRY_VOID(journal_->append(entry));
  return replay(entry);
}

Result<void> Authority::switch_over() {
  return note(Mark::switched);
}

Result<void> Authority::finish() {
  return note(Mark::finished);
}

Result<void> Authority::abort() {
  return note(Mark::aborted);
}

}  // namespace muster::signer
