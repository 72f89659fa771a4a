#include "muster/remote.h"

#include <optional>

#include "base/file.h"
#include "net/loop.h"
#include "net/task.h"
#include "net/tls.h"

namespace muster {
namespace {

constexpr std::uint64_t file_max = 1 << 20;

Result<std::string> read_setting(const std::string& path, const char* option) {
  if (path.empty())
    return fail(Fault::invalid,
                std::string("say where it is with ") + option + " or its environment variable");
  auto text = read_file(path, file_max);
  if (!text) text.error().field = option;
  return text;
}

// Nothing but a server's certificate that is refused makes a call fail with unauthorized before
// there is an answer.
Error unanswered(Error error, const Remote::Settings& settings) {
  if (error.fault != Fault::unauthorized) return error;
  return {Fault::invalid,
          error.message + "; is " + settings.ca_file + " the ca.pem of the controller at " +
              settings.server + ", and that one of its names?",
          "--ca"};
}

Fault fault_of(int status) {
  switch (status) {
    case 401:
      return Fault::unauthorized;
    case 403:
      return Fault::forbidden;
    case 404:
      return Fault::missing;
    case 409:
    case 412:
    case 428:
      return Fault::conflict;
    case 429:
      return Fault::exhausted;
    case 503:
    case 504:
      return Fault::unavailable;
    default:
      return status < 500 ? Fault::invalid : Fault::internal;
  }
}

// What a problem+json body says, in one line.
Error problem(const net::http::Answer& answer) {
  Error error{fault_of(answer.status), "the controller answered " + std::to_string(answer.status),
              ""};
  auto body = wire::parse_json(answer.body);
  if (!body) return error;
  if (const auto* detail = body->find("detail"); detail && detail->text())
    error.message = *detail->text();
  if (const auto* field = body->find("field"); field && field->text()) error.field = *field->text();
  return error;
}

}  // namespace

struct Remote::Line {
  net::Loop loop;
  std::optional<net::TlsContext> tls;
  std::optional<net::http::Client> client;
  std::string authorization;
};

Remote::Remote(const Settings& settings) : settings_(settings) {}
Remote::~Remote() = default;

Result<net::http::Answer> Remote::call(net::http::Call call) {
  if (!line_) {
    TRY(auto url, net::http::parse_url(settings_.server));
    if (!url.tls) return fail(Fault::invalid, "--server: must begin with https://");
    TRY(auto token, read_setting(settings_.token_file, "--token-file (MUSTER_TOKEN_FILE)"));
    TRY(auto ca, read_setting(settings_.ca_file, "--ca (MUSTER_CA)"));
    auto line = std::make_unique<Line>();
    TRY(auto tls, net::TlsContext::client({.anchors_pem = ca}));
    line->tls.emplace(std::move(tls));
    line->client.emplace(line->loop, url.host, url.port, &*line->tls);
    line->authorization = "Bearer " + token.substr(0, token.find_first_of("\r\n"));
    line_ = std::move(line);
  }
  call.headers.emplace_back("Authorization", line_->authorization);
  auto answer = net::run(line_->loop, line_->client->call(std::move(call)));
  if (!answer) return std::unexpected(unanswered(std::move(answer.error()), settings_));
  if (answer->status >= 300) return std::unexpected(problem(*answer));
  return answer;
}

Result<wire::Json> Remote::json(net::http::Call request) {
  TRY(auto answer, call(std::move(request)));
  if (answer.body.empty()) return wire::Json();
  return wire::parse_json(answer.body, {.bytes = 64 << 20});
}

Result<wire::Json> Remote::get(const std::string& target) {
  return json({.target = target, .body_max = 64 << 20});
}

Result<wire::Json> Remote::post(const std::string& target, const wire::Json& body) {
  return json({.method = "POST",
               .target = target,
               .headers = {{"Content-Type", "application/json"}},
               .body = wire::to_text(body),
               .within = 120s,
               .body_max = 64 << 20});
}

Result<wire::Json> Remote::put(const std::string& target, const wire::Json& body) {
  return json({.method = "PUT",
               .target = target,
               .headers = {{"Content-Type", "application/json"}},
               .body = wire::to_text(body)});
}

Result<wire::Json> Remote::patch(const std::string& target, const wire::Json& body) {
  TRY(auto now, call({.target = target}));
  const std::string* etag = now.header("ETag");
  net::http::Call change{.method = "PATCH",
                         .target = target,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = wire::to_text(body)};
  if (etag) change.headers.emplace_back("If-Match", *etag);
  return json(std::move(change));
}

Result<wire::Json> Remote::remove(const std::string& target) {
  return json({.method = "DELETE", .target = target});
}

Result<std::string> Remote::text(const std::string& target) {
  TRY(auto answer, call({.target = target, .body_max = 64 << 20}));
  return std::move(answer.body);
}

Result<wire::Json> Remote::upload(const std::string& target, const std::filesystem::path& file,
                                  ByteView sha256) {
  return json({.method = "POST",
               .target = target,
               .headers = {{"Content-Type", "application/octet-stream"},
                           {"Content-Digest", "sha-256=:" + to_base64(sha256) + ":"}},
               .upload = file});
}

Result<wire::Json::Array> Remote::list(const std::string& target) {
  wire::Json::Array all;
  const std::string join = target.find('?') == std::string::npos ? "?" : "&";
  for (std::string cursor;;) {
    TRY(auto page, get(target + join + "limit=1000" +
                       (cursor.empty() ? "" : "&cursor=" + url_encoded(cursor))));
    const auto* items = page.find("items");
    if (!items || !items->items())
      return fail(Fault::internal, "the controller's list has no items");
    all.insert(all.end(), items->items()->begin(), items->items()->end());
    const auto* next = page.find("next");
    if (!next || !next->text()) return all;
    cursor = *next->text();
  }
}

Result<void> Remote::follow(const std::string& target,
                            std::function<bool(std::string_view, std::string_view)> event) {
  std::string pending, name;
  bool enough = false;
  auto line = [&](std::string_view text) {
    if (text.starts_with("event: ")) name = text.substr(7);
    if (text.starts_with("data: ") && !event(name, text.substr(6))) enough = true;
  };
  auto sink = [&](ByteView bytes) -> Result<void> {
    pending.append(text_of(bytes));
    for (auto end = pending.find('\n'); end != std::string::npos && !enough;
         end = pending.find('\n')) {
      line(std::string_view(pending).substr(0, end));
      pending.erase(0, end + 1);
    }
    if (enough) return fail(Fault::unavailable, "enough seen");
    return {};
  };
  auto done = call(
      {.target = target, .headers = {{"Accept", "text/event-stream"}}, .within = 1h, .sink = sink});
  if (!done && !enough) return std::unexpected(done.error());
  return {};
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    constexpr char digits[] = "0123456789ABCDEF";
    const auto octet = static_cast<unsigned char>(c);
    out += {'%', digits[octet >> 4], digits[octet & 15]};
  }
  return out;
}

}  // namespace muster
