// Feeds of advisories: who may sign them, and what a bundle brings.
#include <algorithm>

#include "crypto/hash.h"
#include "exposure/internal/register.h"
#include "wire/update.h"

namespace muster::exposure {
namespace {

constexpr std::size_t keys_max = 64;

struct Line {
  std::string_view text;
  advisory::Document document;
};

// Each line reads, or none is taken.
Result<std::vector<Line>> read_lines(std::string_view documents) {
  std::vector<Line> out;
  std::size_t number = 0;
  while (!documents.empty()) {
    ++number;
    const auto end = std::min(documents.find('\n'), documents.size());
    const auto text = documents.substr(0, end);
    documents.remove_prefix(std::min(end + 1, documents.size()));
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto document = advisory::read_document(text, {.bytes = bundle_max});
    if (!document) {
      const auto& [fault, message, field] = document.error();
      return fail(fault,
                  "document on line " + std::to_string(number) +
                      (field.empty() ? ": " : ", at " + field + ": ") + message,
                  "/documents");
    }
    out.push_back({text, std::move(*document)});
  }
  return out;
}

void count(Imported& out, const advisory::Document& document) {
  ++out.documents;
  out.advisories += document.advisories.size();
  out.statements += document.statements.size();
  out.exploited += document.exploited.size();
  out.likelihoods += document.likelihoods.size();
  out.left_out += document.left_out;
  for (const auto& each : document.unknown)
    if (out.unknown.size() < 32 && std::ranges::find(out.unknown, each) == out.unknown.end())
      out.unknown.push_back(each);
}

wire::Json detail_of(const Imported& i) {
  return wire::Json::object({{"sequence", i.bundle.sequence},
                             {"published", rfc3339(i.bundle.published)},
                             {"sha256", i.bundle.sha256},
                             {"documents", i.documents},
                             {"advisories", i.advisories},
                             {"left_out", i.left_out}});
}

}  // namespace

Result<void> Exposure::trust_key(std::string feed, crypto::PublicKey key, ledger::Actor by) {
  auto& r = *register_;
  if (!is_name(feed))
    return fail(Fault::invalid, "must be a name of 1 to 64 letters, digits, . _ : -", "/feed");
  const std::string id = to_hex(crypto::sha256(key.spki()));
  if (const auto known = r.keys.find(id); known != r.keys.end()) {
    if (known->second.key.feed == feed) return {};
    return fail(Fault::conflict, "this key is trusted already, for " + known->second.key.feed);
  }
  if (r.keys.size() >= keys_max)
    return fail(Fault::exhausted, "64 keys of feeds are trusted; no more are taken");
  const std::string pem = key.pem();
  r.ledger
      .record({std::move(by), "feed.trusted", "feed/" + feed,
               wire::Json::object({{"key", id}, {"algorithm", crypto::name_of(key.algorithm())}})})
      .write("INSERT INTO exposure_key(id, feed, pem) VALUES(?,?,?)", {id, feed, pem});
  r.keys.emplace(id, TrustedKey{{std::move(feed), id, pem}, std::move(key)});
  return {};
}

std::vector<Key> Exposure::keys() const {
  std::vector<Key> out;
  for (const auto& [id, each] : register_->keys) out.push_back(each.key);
  return out;
}

// A signature of a key that is not this feed's proves nothing; a wrong one of a key that is means
// that what we hold is not what was signed.
Result<advisory::Bundle> Exposure::Register::verified(std::string_view text,
                                                      std::string_view documents) const {
  TRY(const auto envelope, wire::parse_envelope(text));
  TRY(auto bundle, advisory::read_bundle(envelope.content));
  bool is_signed = false;
  for (const auto& signature : envelope.signatures) {
    const auto at = keys.find(signature.keyid);
    if (at == keys.end() || at->second.key.feed != bundle.feed) continue;
    if (!at->second.with.verify(bytes_of(envelope.signed_bytes), signature.signature))
      return fail(Fault::corrupt, "the signature of the feed's key does not verify",
                  "/envelope/signatures");
    is_signed = true;
  }
  if (!is_signed)
    return fail(Fault::corrupt,
                "no key that is trusted for the feed " + bundle.feed +
                    " signed this bundle; trust its key first",
                "/envelope/signatures");
  if (bundle.size != documents.size() ||
      bundle.sha256 != to_hex(crypto::sha256(bytes_of(documents))))
    return fail(Fault::corrupt, "the documents are not those that were signed", "/documents");
  const auto last = feeds.find(bundle.feed);
  if (last != feeds.end() && bundle.sequence <= last->second.last.sequence)
    return fail(Fault::conflict,
                "sequence " + std::to_string(bundle.sequence) + " is not above " +
                    std::to_string(last->second.last.sequence) +
                    ", which was imported; a feed may not go back",
                "/envelope/signed/sequence");
  return bundle;
}

Result<Imported> Exposure::import(std::string_view envelope, std::string_view documents,
                                  ledger::Actor by) {
  auto& r = *register_;
  if (documents.size() > bundle_max)
    return fail(Fault::invalid, "at most 48 MiB of documents are taken at once", "/documents");
  auto bundle = r.verified(envelope, documents);
  if (!bundle) {
    const auto& error = bundle.error();
    if (error.fault == Fault::corrupt || error.fault == Fault::conflict)
      r.ledger.record({std::move(by), "advisories.refused", "feeds", {}, error.message});
    return std::unexpected(error);
  }
  TRY(auto lines, read_lines(documents));
  if (r.index.documents() + lines.size() > documents_max)
    return fail(Fault::exhausted, "500,000 documents are held; no more are taken");
  Imported out{.bundle = *bundle};
  for (const auto& line : lines) count(out, line.document);
  auto& writer = r.ledger.record(
      {std::move(by), "advisories.imported", "feed/" + bundle->feed, detail_of(out)});
  Feed& feed = r.feeds[bundle->feed];
  feed.last = *bundle;
  feed.imported = r.clock.now();
  writer.write(
      "INSERT INTO exposure_feed(name, sequence, published, sha256, size, imported)"
      " VALUES(?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET sequence = excluded.sequence,"
      " published = excluded.published, sha256 = excluded.sha256, size = excluded.size,"
      " imported = excluded.imported",
      {bundle->feed, static_cast<std::int64_t>(bundle->sequence), millis(bundle->published),
       bundle->sha256, static_cast<std::int64_t>(bundle->size), millis(feed.imported)});
  std::set<std::string> touched;
  for (auto& [text, document] : lines) {
    const std::string name = document.name;
    if (writer.write("UPDATE exposure_document SET text = ? WHERE feed = ? AND name = ?",
                     {text, bundle->feed, name}) == 0) {
      writer.write("INSERT INTO exposure_document(feed, name, text) VALUES(?,?,?)",
                   {bundle->feed, name, text});
      ++feed.documents;
    }
    touched.merge(r.index.put_document(bundle->feed + '/' + name, std::move(document)));
  }
  for (const auto& id : touched) r.sync(id, writer);
  for (const auto& [id, images] : r.found) out.findings += images.size();
  return out;
}

std::vector<Feed> Exposure::feeds() const {
  std::vector<Feed> out;
  for (const auto& [name, feed] : register_->feeds) {
    out.push_back(feed);
    out.back().stale = register_->clock.now() - feed.last.published >
                       std::chrono::days(register_->policy.stale_days);
  }
  return out;
}

}  // namespace muster::exposure
