// How a connection writes an answer: head, text, file, events.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/internal/http_connection.h"
#include "net/internal/http_exchange.h"
#include "net/internal/http_text.h"

namespace muster::net::http::internal {
namespace {

constexpr std::size_t turn_max = 256 * 1024;  // of a file: others are served in between
constexpr Duration heartbeat = 15s;

bool is_ours(std::string_view name) {
  for (std::string_view ours : {"Content-Length", "Date", "Connection", "Transfer-Encoding"})
    if (same_name(name, ours)) return true;
  return false;
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

OpenFile::~OpenFile() {
  if (fd >= 0) ::close(fd);
}

void Connection::answer(std::uint64_t exchange, Response response) {
  if (phase_ != Phase::serving || exchange != exchanges_) return;
  exchange_->room.give_back();
  set_deadline(door_.limits.idle);
  moved();
  if (response.events) return start_events(response);
  if (response.file) return send_file(response);
  const std::string& body = response.shared_body ? *response.shared_body : response.body;
  const bool keep = exchange_->keep;
  write_head(response, body.size(), keep);
  if (exchange_->method != "HEAD" && !has_no_body(response.status)) write(body);
  answered(keep);
}

void Connection::write_head(const Response& response, std::optional<std::uint64_t> length,
                            bool keep) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_phrase(response.status)).append("\r\n");
  append_header(head, "Date", door_.date());
  for (const auto& [name, value] : response.headers)
    if (!is_ours(name)) append_header(head, name, value);
  if (length && !(has_no_body(response.status)))
    append_header(head, "Content-Length", std::to_string(*length));
  if (!keep || door_.draining)
    append_header(head, "Connection", "close");
  else if (exchange_->reader.http10())
    append_header(head, "Connection", "keep-alive");
  head += "\r\n";
  write(head);
}

// --- files ---

void Connection::send_file(const Response& given) {
  Response response = given;
  auto file = std::make_unique<OpenFile>();
  file->fd = ::open(response.file->path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (file->fd < 0 || ::fstat(file->fd, &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) < response.file->size) {
    log::error("net", "a file cannot be sent",
               {{"path", response.file->path.string()},
                {"why", file->fd < 0 ? std::strerror(errno) : "it is shorter than it should be"}});
    return answer(exchanges_, plain(500, "the file cannot be read"));
  }
  const auto slice = slice_for(response, response.file->size);
  if (!slice) return answer(exchanges_, std::move(response));
  file->at = slice->first;
  file->end = slice->first + slice->size;
  append_own(response, "Accept-Ranges", "bytes");
  write_head(response, slice->size, exchange_->keep);
  if (exchange_->method == "HEAD") return answered(exchange_->keep);
  exchange_->file = std::move(file);
  phase_ = Phase::sending;
  stream_->when_writable();
}

// What of the file is asked for; none: it cannot be had, and the response says so.
std::optional<Slice> Connection::slice_for(Response& response, std::uint64_t whole) const {
  const Exchange& e = *exchange_;
  const Slice all{.kind = Slice::Kind::whole, .first = 0, .size = whole};
  if (e.range.empty() || e.method != "GET" || response.status != 200) return all;
  if (!e.if_range.empty()) {  // RFC 9110 section 13.1.5
    const std::string* tag = find(response.headers, "ETag");
    const std::string* date = find(response.headers, "Last-Modified");
    const bool same_tag = tag && *tag == e.if_range && !tag->starts_with("W/");
    if (!same_tag && !(date && *date == e.if_range)) return all;
  }
  const Slice slice = slice_of(e.range, whole);
  if (slice.kind == Slice::Kind::whole) return all;
  if (slice.kind == Slice::Kind::unsatisfiable) {
    response = plain(416, "the range lies outside the file");
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(whole));
    return std::nullopt;
  }
  response.status = 206;
  response.headers.emplace_back("Content-Range", "bytes " + std::to_string(slice.first) + "-" +
                                                     std::to_string(slice.first + slice.size - 1) +
                                                     "/" + std::to_string(whole));
  return slice;
}

// Not from inside on_bytes(), whose octets lie in the same scratch. What the kernel does not take
// is read again from the file: a slow client costs no buffer of ours.
void Connection::pump() {
  OpenFile& file = *exchange_->file;
  const auto scratch = door_.loop.scratch();
  for (std::size_t turn = 0; turn < turn_max && file.at < file.end;) {
    const auto wanted = std::min<std::uint64_t>(scratch.size(), file.end - file.at);
    const auto got = ::pread(file.fd, scratch.data(), wanted, static_cast<off_t>(file.at));
    if (got <= 0)  // it was cut meanwhile, and the length is promised
      return stream_->close({Fault::corrupt, "a file became shorter while it was sent", ""});
    const auto piece = scratch.first(static_cast<std::size_t>(got));
    const std::size_t taken = stream_->write_now(piece);
    file.at += taken;
    written_ += taken;
    turn += taken;
    if (taken > 0) set_deadline(door_.limits.idle);
    if (taken < piece.size()) break;
  }
  if (file.at < file.end) return stream_->when_writable();
  exchange_->file.reset();
  answered(exchange_->keep);
}

void Connection::on_writable() {
  if (phase_ == Phase::sending) pump();
}

void Connection::on_drained() {
  if (std::exchange(waits_for_room_, false)) stream_->pause_reading(false);
}

// --- events ---

void Connection::start_events(Response& response) {
  exchange_->keep = false;  // the stream ends with the connection
  append_own(response, "Content-Type", "text/event-stream");
  append_own(response, "Cache-Control", "no-store");
  write_head(response, std::nullopt, false);
  phase_ = Phase::events;
  stream_->pause_reading(false);
  set_deadline(heartbeat);
  auto channel = std::make_shared<Channel>(door_.mailbox, number_);
  exchange_->channel = channel;
  if (exchange_->method == "HEAD") return end_events();
  response.events(std::move(channel));
}

bool Connection::deliver(std::string_view text) {
  if (phase_ != Phase::events) return false;
  if (stream_->outbox() + text.size() > events_unread_max) {
    stream_->close({Fault::exhausted, "the client does not read its events", ""});
    return false;
  }
  write(text);
  return true;
}

void Connection::beat() {
  constexpr unsigned stalled_max = 4;  // a minute without a byte taken
  exchange_->beats_stalled = moved() || stream_->outbox() == 0 ? 0 : exchange_->beats_stalled + 1;
  if (exchange_->beats_stalled > stalled_max)
    return stream_->close({Fault::unavailable, "the client does not read its events", ""});
  if (!deliver(":\n\n")) return;
  set_deadline(heartbeat);
}

void Connection::end_events() {
  if (phase_ == Phase::events) answered(false);
}

}  // namespace muster::net::http::internal
