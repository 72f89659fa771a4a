// How an artifact comes: over HTTPS, resumed, and as little of it as there may be.
//
// Before the first octet the door is asked (HEAD) what it has: with Accept-Encoding and, when the
// artifact that runs here is kept, with Available-Dictionary (RFC 9842). Whatever goes wrong with a
// coded download, the artifact is then fetched as it is.
#include <charconv>

#include "agent/internal/life.h"
#include "agent/unpacking.h"
#include "base/log.h"

namespace muster::agent {
namespace {

constexpr Duration download_stalls_after = 20s;
using Headers = std::vector<net::http::Header>;

Headers asking_for(const char* codings, const std::optional<crypto::Hash>& dictionary) {
  Headers headers{{"Accept-Encoding", codings}};
  if (dictionary) headers.emplace_back("Available-Dictionary", ":" + to_base64(*dictionary) + ":");
  return headers;
}

std::optional<Coded> coded_of(const net::http::Answer& answer) {
  const auto* coding = answer.header("Content-Encoding");
  const auto* tag = answer.header("ETag");
  const auto* length = answer.header("Content-Length");
  if (answer.status != 200 || !coding || !tag || !length) return std::nullopt;
  const auto known = delta::parse_coding(*coding);
  if (!known) return std::nullopt;
  Coded coded{.coding = *known, .tag = *tag};
  const char* const end = length->data() + length->size();
  if (std::from_chars(length->data(), end, coded.size).ptr != end) return std::nullopt;
  return coded;
}

}  // namespace

net::Task<Result<void>> Agent::Life::download() {
  CO_TRY(const auto wanted, updater.wanted());
  if (!wanted) co_return Result<void>{};
  if (wanted->have < wanted->size) {
    CO_TRY_VOID(co_await fetch(*wanted));
    if (stopping || offer_news || updater.phase() != Phase::downloading) co_return Result<void>{};
  }
  if (updater.comes_coded()) {
    const auto whole = co_await unpack();
    if (stopping || offer_news) co_return Result<void>{};
    if (!whole) {
      log_failure("a smaller download does not serve", whole.error());
      co_return updater.choose({});
    }
  }
  auto verified = updater.downloaded();
  if (verified || verified.error().fault != Fault::corrupt) co_return verified;
  log_failure("a download is wrong", verified.error());
  pump();
  line_bell.ring();
  co_return Result<void>{};
}

net::Task<Result<void>> Agent::Life::unpack() {
  CO_TRY(const auto wanted, updater.wanted());
  if (wanted->have < wanted->size) co_return fail(Fault::unavailable, "the download ended early");
  CO_TRY(auto unpacking, Unpacking::begin(disk, updater, settings.unpack_memory));
  bool more = true;
  while (more && !stopping && !offer_news) {
    CO_TRY(more, unpacking.step());
    co_await net::sleep(loop, 0ms);
  }
  co_return Result<void>{};
}

// Whether there is something smaller; it is then what is wanted.
net::Task<Result<void>> Agent::Life::choose_coding(net::http::Client* http, std::string path) {
  CO_TRY(const auto known, dictionary(disk, updater, settings.unpack_memory));
  const auto answer =
      co_await http->call({.method = "HEAD",
                           .target = std::move(path),
                           .headers = asking_for(known ? "dcz, zstd" : "zstd", known),
                           .within = download_stalls_after});
  if (!answer) co_return std::unexpected(answer.error());
  auto coded = coded_of(*answer);
  const auto whole =
      updater.record().underway ? updater.record().underway->release.artifact_size : 0;
  if (!coded || coded->coding == delta::Coding::identity || coded->size >= whole)
    co_return Result<void>{};
  log::info("agent", "a smaller download",
            {{"device", settings.id.text()},
             {"coding", name_of(coded->coding)},
             {"octets", std::to_string(coded->size)},
             {"of", std::to_string(whole)}});
  co_return updater.choose(std::move(*coded));
}

net::Task<Result<void>> Agent::Life::fetch(Wanted wanted) {
  if (!credentials.current()) co_return fail(Fault::unavailable, "not enrolled yet");
  auto asked = co_await handshakes.as(pair_in_use());
  if (!asked) co_return std::unexpected(asked.error());
  std::optional<Handshakes::Turn> turn(std::move(*asked));
  net::http::Client http(loop, controller.host, controller.device_port, &turn->tls());
  const bool undecided = wanted.have == 0 && !updater.record().underway->coded;
  if (undecided && settings.unpack_memory >= delta::plain_window && disk.keeps_octets()) {
    CO_TRY_VOID(co_await choose_coding(&http, wanted.path));
    turn.reset();
    if (stopping || offer_news || updater.phase() != Phase::downloading) co_return Result<void>{};
    CO_TRY(const auto now, updater.wanted());
    wanted = *now;
  }
  co_return co_await fetch_over(&http, &turn, std::move(wanted));
}

net::Task<Result<void>> Agent::Life::fetch_over(net::http::Client* http,
                                                std::optional<Handshakes::Turn>* turn,
                                                Wanted wanted) {
  const bool coded = updater.comes_coded();
  bool broken = false;  // what came cannot be a part of the artifact
  net::http::Call call{.target = wanted.path, .within = download_stalls_after, .body_max = 4096};
  if (coded) {
    CO_TRY(const auto known, dictionary(disk, updater, settings.unpack_memory));
    call.headers = asking_for(name_of(wanted.coded.coding), known);
  }
  if (wanted.have > 0) {
    call.headers.emplace_back("Range", "bytes=" + std::to_string(wanted.have) + "-");
    if (coded) call.headers.emplace_back("If-Range", wanted.coded.tag);
  }
  call.sink = [this, &broken, turn](ByteView piece) -> Result<void> {
    turn->reset();  // connected
    if (stopping || offer_news) return fail(Fault::unavailable, "interrupted");
    auto kept = updater.piece(piece);
    broken = !kept && kept.error().fault == Fault::corrupt;
    return kept;
  };
  const auto answer = co_await http->call(std::move(call));
  if (stopping || offer_news) co_return Result<void>{};
  const bool ignored_range = answer && answer->status == 200 && wanted.have > 0;
  const auto* tag = answer && coded ? answer->header("ETag") : nullptr;
  const bool another = tag && answer->status / 100 == 2 && *tag != wanted.coded.tag;
  if (broken && coded) co_return updater.choose({});
  if (broken && wanted.have == 0) co_return updater.abandon(answer.error().message);
  if (broken || ignored_range || another || (answer && answer->status == 416))
    co_return updater.start_over();
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 403) co_return updater.withdraw();  // offered no more
  if (answer->status == 200 || answer->status == 206) co_return Result<void>{};
  co_return fail(Fault::unavailable, "the artifact: " + std::to_string(answer->status));
}

}  // namespace muster::agent
