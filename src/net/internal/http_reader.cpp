#include "net/internal/http_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "net/internal/http_target.h"

namespace muster::net::http::internal {
namespace {

namespace beast = boost::beast::http;
using Code = boost::beast::error_code;
using Text = boost::beast::string_view;

std::string_view view(Text text) {
  return {text.data(), text.size()};
}

// What requests and responses have in common. Beast calls the *_impl functions; one put() is one
// step.
template <bool is_request>
struct CoreOf : beast::basic_parser<is_request> {
  std::vector<Header> headers;
  ByteView piece;
  Refusal refusal;
  bool head_told = false, refused = false;
  int version = 11;

  void refuse(int status, std::string reason, Code& ec) {
    refusal = {status, std::move(reason)};
    refused = true;
    ec = beast::error::bad_value;
  }

  Taken take(ByteView bytes) {
    Taken taken;
    if (head_told && this->is_done()) return {0, Step::done};
    while (taken.used < bytes.size()) {
      piece = {};
      Code ec;
      const ByteView rest = bytes.subspan(taken.used);
      const std::size_t used = this->put({rest.data(), rest.size()}, ec);
      taken.used += used;
      if (ec == beast::error::need_more) return more(taken, bytes);
      if (ec) return bad(taken, ec);
      if (!head_told && this->is_header_done()) {
        head_told = true;
        return {taken.used, Step::head};
      }
      if (!piece.empty()) return {taken.used, Step::body};
      if (this->is_done()) return {taken.used, Step::done};
      if (used == 0) return more(taken, bytes);
    }
    return taken;
  }

  Taken more(Taken taken, ByteView bytes) {
    if (bytes.size() - taken.used <= 2 * head_max) return taken;
    refusal = {431, "the chunk header or trailer is too long"};
    return {taken.used, Step::bad};
  }

  Taken bad(Taken taken, const Code& ec) {
    if (!refused) refusal = explain(ec);
    return {taken.used, Step::bad};
  }

  static Refusal explain(const Code& ec) {
    if (ec == beast::error::header_limit)
      return {431, "the head is larger than " + std::to_string(head_max) + " bytes"};
    if (ec == beast::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return {400, "the message is malformed: " + ec.message()};
  }

  void on_field_impl(beast::field name, Text name_text, Text value, Code& ec) override {
    if (head_told) return;  // a trailer; nobody asks for one
    if (headers.size() == headers_max)
      return refuse(431, "there are more than " + std::to_string(headers_max) + " headers", ec);
    if (name == beast::field::transfer_encoding) {
      if (!boost::beast::iequals(value, "chunked"))
        return refuse(501, "Transfer-Encoding: only chunked is understood", ec);
      if (version == 10) return refuse(400, "Transfer-Encoding needs HTTP/1.1", ec);
    }
    headers.emplace_back(view(name_text), view(value));
  }
  std::size_t on_body_impl(Text body, Code&) override {
    piece = bytes_of(view(body));
    return body.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Code& ec) override {
    return on_body_impl(body, ec);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  void on_finish_impl(Code&) override {}
  void on_header_impl(Code&) override {}
  void on_request_impl(beast::verb, Text, Text, int, Code&) override {}
  void on_response_impl(int, Text, int, Code&) override {}
};

}  // namespace

struct RequestReader::Core final : CoreOf<true> {
  Head head;

  Core() {
    header_limit(head_max);
    body_limit(boost::none);  // the server counts for itself, by what was admitted
  }
  void on_request_impl(beast::verb, Text method, Text target, int v, Code& ec) override {
    version = v;
    head.method = view(method);
    if (target.size() > target_max) return refuse(414, "the target is too long", ec);
    auto parsed = internal::parse_target(view(target));
    if (!parsed) return refuse(400, parsed.error().message, ec);
    head.path = std::move(parsed->path);
    head.query = std::move(parsed->query);
  }
  void on_header_impl(Code& ec) override {
    const auto hosts = std::count_if(headers.begin(), headers.end(), [](const Header& h) {
      return boost::beast::iequals(h.first, "host");
    });
    if (hosts > 1 || (hosts == 0 && version == 11))
      return refuse(400, "there must be one Host header", ec);
    head.headers = std::move(headers);
    head.content_length = content_length().value_or(0);
  }
};

RequestReader::RequestReader() : core_(std::make_unique<Core>()) {}
RequestReader::~RequestReader() = default;
Taken RequestReader::take(ByteView bytes) {
  return core_->take(bytes);
}
Head& RequestReader::head() {
  return core_->head;
}
bool RequestReader::has_body() const {
  return core_->chunked() || core_->head.content_length > 0;
}
bool RequestReader::keep_alive() const {
  return core_->keep_alive();
}
bool RequestReader::http10() const {
  return core_->version == 10;
}
ByteView RequestReader::piece() const {
  return core_->piece;
}
const Refusal& RequestReader::refusal() const {
  return core_->refusal;
}

struct ResponseReader::Core final : CoreOf<false> {
  int status = 0;

  explicit Core(bool to_head_request) {
    header_limit(2 * head_max);
    body_limit(boost::none);
    skip(to_head_request);
  }
  void on_response_impl(int code, Text, int v, Code&) override {
    version = v;
    status = code;
  }
};

ResponseReader::ResponseReader(bool to_head_request)
    : core_(std::make_unique<Core>(to_head_request)) {}
ResponseReader::~ResponseReader() = default;
Taken ResponseReader::take(ByteView bytes) {
  return core_->take(bytes);
}
bool ResponseReader::ended() {
  if (!core_->head_told) return false;
  if (core_->is_done()) return true;
  Code ec;
  core_->put_eof(ec);
  return !ec;
}
int ResponseReader::status() const {
  return core_->status;
}
std::vector<Header>& ResponseReader::headers() {
  return core_->headers;
}
bool ResponseReader::keep_alive() const {
  return core_->keep_alive();
}
ByteView ResponseReader::piece() const {
  return core_->piece;
}
const Refusal& ResponseReader::refusal() const {
  return core_->refusal;
}

}  // namespace muster::net::http::internal
