#include "gateway/internal/pki_http.h"

#include <algorithm>
#include <charconv>

#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;

constexpr std::string_view other_list = "/crl/other.crl";
constexpr std::string_view lists = "/crl/", list_end = ".crl", ocsp = "/ocsp";
constexpr std::size_t kept_max = 20'000;      // answers, about 1 kB each
constexpr std::size_t in_flight_max = 1'000;  // questions to the controller

Response ocsp_response(std::string body) {
  return {.headers = {{"Content-Type", "application/ocsp-response"}}, .body = std::move(body)};
}

Response refuse(crypto::OcspRefusal why) {
  return ocsp_response(std::string(text_of(crypto::make_ocsp_refusal(why))));
}

// The request of a GET, base64 in the path; some clients leave its slashes, some double the first.
Result<Bytes> request_of(const Request& request) {
  if (request.method == "POST") {
    const auto body = bytes_of(request.body);
    return Bytes(body.begin(), body.end());
  }
  std::string_view text = std::string_view(request.path).substr(ocsp.size());
  while (text.starts_with('/')) text.remove_prefix(1);
  return from_base64(text);
}

}  // namespace

struct PkiHttp::Question {
  Bytes octets;
  std::string key;                   // the octets: what the answer is kept under
  std::vector<std::string> serials;  // hex
};

// The same question has the same octets, whoever asks; a nonce would make each its own.
Result<PkiHttp::Question> PkiHttp::question_of(const Request& request) {
  TRY(const auto der, request_of(request));
  TRY(auto parsed, crypto::parse_ocsp_request(der));
  parsed.nonce.clear();
  TRY(auto octets, crypto::make_ocsp_request(parsed));
  Question out{.octets = std::move(octets), .key = {}, .serials = {}};
  out.key = text_of(out.octets);
  for (const auto& id : parsed.ids) out.serials.push_back(to_hex(id.serial));
  return out;
}

PkiHttp::PkiHttp(Questions& questions, Tally& tally, const Clock& clock)
    : questions_(questions), tally_(tally), clock_(clock) {}

bool PkiHttp::is_here(std::string_view path) {
  return path == "/crl" || path.starts_with(lists) || path == ocsp ||
         (path.starts_with(ocsp) && path[ocsp.size()] == '/');
}

std::expected<net::http::Admission, Response> PkiHttp::admit(const Head& head) {
  const bool posted = head.method == "POST" && head.path == ocsp;
  if (posted && head.content_length > crypto::ocsp_request_bytes_max)
    return std::unexpected(plain(413, "an OCSP request may have at most " +
                                          std::to_string(crypto::ocsp_request_bytes_max) +
                                          " octets"));
  return net::http::Admission{.body_max = posted ? crypto::ocsp_request_bytes_max : 0};
}

void PkiHttp::serve(Request request, Respond respond) {
  const bool read = request.method == "GET" || request.method == "HEAD";
  const bool about_one = request.path.starts_with(ocsp) && is_here(request.path);
  if (about_one && (read || (request.method == "POST" && request.path == ocsp)))
    return status(request, std::move(respond));
  if (!is_here(request.path))
    return respond(plain(404, "here are /crl, /crl/{number}.crl and /ocsp"));
  if (!read || about_one) return respond(plain(405, "this takes GET; /ocsp also POST"));
  crl(request.path, std::move(respond));
}

void PkiHttp::crl(const std::string& path, Respond respond) {
  link::GetCrl ask{.shard = {}, .other = path == other_list};
  if (path != "/crl" && !ask.other) {
    const auto name = std::string_view(path).substr(lists.size());
    const auto digits = name.substr(0, name.find('.'));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() ||
        name.substr(digits.size()) != list_end || digits.starts_with('0'))
      return respond(plain(404, "a revocation list is /crl/{number}.crl, or /crl/other.crl"));
    ask.shard = number;
  }
  count(tally_.crls);
  questions_.ask(ask, [respond = std::move(respond)](const Result<link::Reply>& reply) mutable {
    if (!reply) return respond(refusal(reply.error()));
    respond({.headers = {{"Content-Type", "application/pkix-crl"}, {"Cache-Control", "max-age=60"}},
             .body = std::string(text_of(std::get<Bytes>(*reply)))});
  });
}

// --- OCSP ---

void PkiHttp::status(const Request& request, Respond respond) {
  count(tally_.statuses);
  auto question = question_of(request);
  if (!question) return respond(refuse(crypto::OcspRefusal::malformed_request));
  const Instant now = clock_.now();
  if (const auto at = kept_.find(question->key);
      at != kept_.end() && now >= at->second.since && now < at->second.until) {
    count(tally_.statuses_kept);
    return respond(answer(at->second));
  }
  if (in_flight_ >= in_flight_max) return respond(refuse(crypto::OcspRefusal::try_later));
  ask(std::move(*question), std::move(respond));
}

void PkiHttp::ask(Question question, Respond respond) {
  ++in_flight_;
  questions_.ask(
      link::GetStatus{std::move(question.octets)},
      [this, key = std::move(question.key), serials = std::move(question.serials),
       forgotten = forgotten_, respond = std::move(respond)](Result<link::Reply> reply) mutable {
        --in_flight_;
        if (!reply) return respond(refuse(crypto::OcspRefusal::try_later));
        auto& said = std::get<link::StatusAnswer>(*reply);
        Kept one{.response = std::make_shared<const std::string>(text_of(said.der)),
                 .since = clock_.now() - 1s,  // it was made meanwhile
                 .until = said.keep_until,
                 .serials = std::move(serials)};
        respond(answer(one));
        // A cut that came while we asked may speak of this very certificate.
        if (forgotten == forgotten_ && clock_.now() < one.until)
          keep(std::move(key), std::move(one));
      });
}

Response PkiHttp::answer(const Kept& kept) const {
  Response out{.headers = {{"Content-Type", "application/ocsp-response"}},
               .shared_body = kept.response};
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(kept.until - clock_.now());
  if (left > 0s)  // short, so that a revocation is heard of soon
    out.headers.emplace_back(
        "Cache-Control",
        "max-age=" + std::to_string(std::min(left, std::chrono::seconds(60)).count()) +
            ", public, no-transform, must-revalidate");
  return out;
}

void PkiHttp::keep(std::string key, Kept one) {
  if (!kept_.contains(key))
    for (const auto& serial : one.serials) by_serial_.emplace(serial, key);
  one.order = ++stored_;
  ages_.emplace_back(key, one.order);
  kept_.insert_or_assign(std::move(key), std::move(one));
  while (ages_.size() > kept_max) drop_oldest();
}

void PkiHttp::drop_oldest() {
  const auto [key, order] = std::move(ages_.front());
  ages_.pop_front();
  const auto at = kept_.find(key);
  if (at == kept_.end() || at->second.order != order) return;  // dropped or renewed meanwhile
  for (const auto& serial : at->second.serials) {
    const auto [first, last] = by_serial_.equal_range(serial);
    for (auto each = first; each != last;)
      each = each->second == key ? by_serial_.erase(each) : std::next(each);
  }
  kept_.erase(at);
}

void PkiHttp::forget(const std::string& serial_hex) {
  ++forgotten_;
  const auto [first, last] = by_serial_.equal_range(serial_hex);
  for (auto each = first; each != last; ++each) kept_.erase(each->second);
  by_serial_.erase(first, last);
}

}  // namespace muster::gateway
