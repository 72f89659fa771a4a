#include "gateway/internal/ddi.h"

#include <utility>

#include "crypto/hash.h"
#include "gateway/internal/caller.h"
#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Head;
using net::http::Request;
using net::http::Respond;
using net::http::Response;
using wire::DdiResource;
using Need = link::ActionNow::Need;
using Kind = link::ActionWord::Kind;

// The secret beside the certificate; empty without one.
Result<std::string> secret_of(const Head& head) {
  constexpr std::string_view target = "TargetToken ", gateway = "GatewayToken ";
  const std::string* given = head.header("Authorization");
  if (!given) return std::string();
  if (given->starts_with(target) && given->size() <= 256) return given->substr(target.size());
  if (given->starts_with(gateway))
    return fail(Fault::unauthorized,
                "a gateway token could act as any device, so there is none here: use the device's "
                "certificate, and a TargetToken if one was made for it",
                "Authorization");
  return fail(Fault::unauthorized, "beside the certificate only a TargetToken is understood",
              "Authorization");
}

std::string etag_of(const std::string& text) {
  const auto digest = crypto::sha256(bytes_of(text));
  return '"' + to_hex(ByteView(digest).first(16)) + '"';
}

Response over() {
  return plain(410, "this action is over");
}

Response unknown() {
  return plain(404, "there is no such action of this device");
}

// Why what is asked for under this number is not there.
Response not_there(const link::ActionNow& now, std::uint64_t number) {
  const bool past = (now.action && number <= now.action->number) ||
                    (now.installed && number <= now.installed->number);
  return past ? over() : unknown();
}

std::string file_name(const link::ActionFile& file) {
  return file.model + '-' + file.version + ".swu";
}

wire::DdiDeployment deployment_of(const link::ToldAction& action) {
  const auto& file = action.file;
  return {.action = action.number,
          .module = file.sequence,
          .name = file.model,
          .version = file.version,
          .file = file_name(file),
          .sha1 = file.sha1,
          .md5 = file.md5,
          .sha256 = file.sha256,
          .size = file.size};
}

Kind kind_of(const wire::DdiFeedback& feedback, bool of_cancel) {
  using enum wire::DdiExecution;
  const bool failed = feedback.finished == wire::DdiFinished::failure;
  if (feedback.execution == closed) {
    if (of_cancel) return failed ? Kind::cancel_refused : Kind::cancelled;
    return failed ? Kind::failed : Kind::succeeded;
  }
  if (of_cancel && feedback.execution == canceled) return Kind::cancelled;
  if (feedback.execution == rejected) return of_cancel ? Kind::cancel_refused : Kind::warning;
  return Kind::progress;
}

Response response_to(link::ActionHeard heard) {
  switch (heard) {
    case link::ActionHeard::taken:
    case link::ActionHeard::unwanted:
      return {.status = 200};
    case link::ActionHeard::over:
      return over();
    case link::ActionHeard::unknown:
      return unknown();
    case link::ActionHeard::not_cancellable:
      return plain(405, "nobody asked for this action to be cancelled");
  }
  return unknown();
}

}  // namespace

struct Ddi::Visit {
  wire::DdiPlace place;
  Request request;
  Respond respond;
  std::string base;  // of links
  link::Caller caller;
};

Ddi::Ddi(const Settings& settings, Questions& questions, Tally& tally)
    : settings_(settings), questions_(questions), tally_(tally) {}

bool Ddi::has(std::string_view path) {
  return wire::is_ddi_path(path);
}

std::expected<net::http::Admission, Response> Ddi::admit(const Head& head) {
  if (head.content_length > wire::ddi_bytes_max)
    return std::unexpected(
        plain(413, "this takes at most " + std::to_string(wire::ddi_bytes_max) + " octets"));
  const bool brings = head.method == "POST" || head.method == "PUT";
  return net::http::Admission{.body_max = brings ? wire::ddi_bytes_max : 0};
}

void Ddi::serve(Request request, Respond respond) {
  auto place = wire::parse_ddi_path(request.path);
  if (!place) return respond(plain(404, "there is nothing here; see docs/formats/ddi.md"));
  const std::string method = wire::method_of(place->resource);
  if (request.method != method && !(request.method == "HEAD" && method == "GET")) {
    auto wrong = plain(405, "this takes " + method);
    wrong.headers.emplace_back("Allow", method);
    return respond(std::move(wrong));
  }
  const auto origin = origin_of(request);
  if (!origin) return respond(plain(400, "the Host header must be a host and perhaps a port"));
  auto visit = std::make_unique<Visit>(std::move(*place), std::move(request), std::move(respond));
  visit->base = *origin + visit->place.base;
  const Head& head = visit->request;
  identify(questions_, head, [this, visit = std::move(visit)](Result<link::Caller> who) mutable {
    if (!who) return visit->respond(refusal(who.error()));
    visit->caller = std::move(*who);
    const std::string& device = visit->caller.device.text();
    auto secret = secret_of(visit->request);
    if (!secret) {
      questions_.report(link::Misuse{device, "target-token.refused", secret.error().message});
      return visit->respond(refusal(secret.error()));
    }
    visit->caller.secret = std::move(*secret);
    if (visit->place.controller != device) {
      questions_.report(link::Misuse{device, "path.refused", visit->request.path});
      return visit->respond(
          plain(403, "the controller id must be the name in the certificate, " + device));
    }
    act(std::move(visit));
  });
}

void Ddi::act(Visitor visit) {
  switch (visit->place.resource) {
    case DdiResource::config_data:
      return configure(std::move(visit));
    case DdiResource::deployment_feedback:
    case DdiResource::cancel_feedback:
      return feedback(std::move(visit));
    case DdiResource::confirmation_feedback:
      return consent(std::move(visit));
    case DdiResource::activate_auto_confirm:
    case DdiResource::deactivate_auto_confirm: {
      const bool asks = visit->place.resource == DdiResource::deactivate_auto_confirm;
      link::AskConsent ask{visit->caller, asks};
      return finish(std::move(visit), std::move(ask));
    }
    default:
      return look(std::move(visit));
  }
}

// Whatever is only read stands on what the device is to do now.
void Ddi::look(Visitor visit) {
  using Why = link::GetAction::Why;
  const bool poll = visit->place.resource == DdiResource::poll;
  link::GetAction ask{visit->caller, poll ? Why::poll : Why::look};
  questions_.ask(std::move(ask), [this, visit = std::move(visit)](Result<link::Reply> reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    show(*visit, std::get<link::ActionNow>(*reply));
  });
}

void Ddi::show(Visit& visit, const link::ActionNow& now) {
  const std::uint64_t number = visit.place.number;
  const bool named = now.action && now.action->number == number;
  switch (visit.place.resource) {
    case DdiResource::poll:
      return poll(visit, now);
    case DdiResource::deployment: {
      if (!named || now.need != Need::install) break;
      auto told = deployment_of(*now.action);
      const std::string* lines = visit.request.parameter("actionHistory");
      if (lines && *lines != "0") told.history = std::vector<std::string>{now.action->word};
      return visit.respond(json(wire::ddi_deployment_text(visit.base, told)));
    }
    case DdiResource::cancel:
      if (!named || now.need != Need::cancel) break;
      return visit.respond(json(wire::ddi_cancel_text(number)));
    case DdiResource::confirmation: {
      const bool waits = now.need == Need::consent;
      return visit.respond(json(wire::ddi_confirmation_text(
          visit.base, !now.asks, waits ? std::optional(now.action->number) : std::nullopt)));
    }
    case DdiResource::confirmation_action: {
      if (!named || now.need != Need::consent) break;
      auto told = deployment_of(*now.action);
      told.consent = true;
      return visit.respond(json(wire::ddi_deployment_text(visit.base, told)));
    }
    case DdiResource::installed:
      if (!now.installed || now.installed->number != number) break;
      return visit.respond(
          json(wire::ddi_deployment_text(visit.base, deployment_of(*now.installed))));
    default:
      return file(visit, now);
  }
  visit.respond(not_there(now, number));
}

void Ddi::poll(Visit& visit, const link::ActionNow& now) const {
  wire::DdiPoll told{.sleep = settings_.poll_interval, .config_data = now.attributes_wanted};
  if (now.installed) told.installed = now.installed->number;
  if (now.need == Need::install) told.deployment = now.action->number;
  if (now.need == Need::cancel) told.cancel = now.action->number;
  if (now.need == Need::consent) told.confirmation = now.action->number;
  auto answer = json(wire::ddi_poll_text(visit.base, told));
  const std::string tag = etag_of(answer.body);
  answer.headers.emplace_back("ETag", tag);
  const std::string* known = visit.request.header("If-None-Match");
  if (known && *known == tag) {
    answer.status = 304;
    answer.body.clear();
  }
  visit.respond(std::move(answer));
}

// Of the software module that an action installs, or installed.
void Ddi::file(Visit& visit, const link::ActionNow& now) {
  const auto& place = visit.place;
  const link::ToldAction* found = nullptr;
  for (const auto* each : {&now.action, &now.installed})
    if (*each && (*each)->file.sequence == place.number && !found) found = &**each;
  if (!found) return visit.respond(plain(404, "there is no such software module for this device"));
  const auto told = deployment_of(*found);
  if (place.resource == DdiResource::artifacts)
    return visit.respond(json(wire::ddi_artifacts_text(visit.base, told)));
  if (place.file != told.file)
    return visit.respond(plain(404, "the software module has one artifact: " + told.file));
  if (place.resource == DdiResource::artifact) return fetch(visit, found->file);
  visit.respond(
      {.headers = {{"Content-Type", "text/plain"}}, .body = told.md5 + "  " + told.file + '\n'});
}

void Ddi::fetch(Visit& visit, const link::ActionFile& file) {
  questions_.ask(link::Fetch{visit.caller.device, file.sha256},
                 [this, sha256 = file.sha256,
                  respond = std::move(visit.respond)](Result<link::Reply> reply) mutable {
                   if (!reply) return respond(refusal(reply.error()));
                   count(tally_.downloads);
                   respond(download(std::get<link::File>(std::move(*reply)), sha256));
                 });
}

void Ddi::feedback(Visitor visit) {
  auto said = wire::parse_ddi_feedback(visit->request.body);
  if (!said) return visit->respond(refusal(said.error()));
  const bool of_cancel = visit->place.resource == DdiResource::cancel_feedback;
  say(std::move(visit), kind_of(*said, of_cancel), std::move(said->words));
}

void Ddi::consent(Visitor visit) {
  auto said = wire::parse_ddi_consent(visit->request.body);
  if (!said) return visit->respond(refusal(said.error()));
  say(std::move(visit), said->confirmed ? Kind::confirmed : Kind::denied, std::move(said->words));
}

void Ddi::say(Visitor visit, Kind kind, std::string words) {
  link::ActionWord word{visit->caller, visit->place.number, kind, std::move(words)};
  questions_.ask(std::move(word), [visit = std::move(visit)](Result<link::Reply> reply) {
    if (!reply) return visit->respond(refusal(reply.error()));
    visit->respond(response_to(std::get<link::ActionHeard>(*reply)));
  });
}

void Ddi::configure(Visitor visit) {
  auto told = wire::parse_ddi_config(visit->request.body);
  if (!told) return visit->respond(refusal(told.error()));
  link::TellAttributes tell{visit->caller, static_cast<link::TellAttributes::How>(told->mode)};
  for (auto& each : told->attributes)
    tell.attributes.emplace_back(std::move(each.name), std::move(each.value));
  finish(std::move(visit), std::move(tell));
}

void Ddi::finish(Visitor visit, link::Request ask) {
  questions_.ask(std::move(ask), [visit = std::move(visit)](const Result<link::Reply>& reply) {
    visit->respond(reply ? Response{.status = 200} : refusal(reply.error()));
  });
}

}  // namespace muster::gateway
