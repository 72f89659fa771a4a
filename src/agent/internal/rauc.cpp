#include "agent/internal/rauc.h"

#include "agent/internal/command.h"
#include "agent/internal/process.h"
#include "wire/json.h"

namespace muster::agent {
namespace {

constexpr std::size_t output_max = 64 * 1024;
constexpr std::size_t slots_max = 64;
constexpr std::size_t name_max = 64;

// RAUC says null for what it does not know, and more than we ask of it.
std::string text_of_member(const wire::Json& in, const char* name) {
  const auto* found = in.find(name);
  const auto* text = found ? found->text() : nullptr;
  return text && text->size() <= name_max ? *text : std::string();
}

}  // namespace

const RaucSlot* RaucStatus::booted() const {
  const RaucSlot* found = nullptr;
  for (const auto& slot : slots) {
    if (slot.state != "booted") continue;
    if (found) return nullptr;
    found = &slot;
  }
  return found;
}

Result<RaucStatus> parse_rauc_status(std::string_view text) {
  const auto begin = text.starts_with('{') ? 0 : text.find("\n{");  // after what it logs
  if (begin == std::string_view::npos)
    return fail(Fault::invalid, "rauc's status is no JSON object");
  text.remove_prefix(begin);
  TRY(const auto json, wire::parse_json(text, {.bytes = output_max, .depth = 8}));
  const auto* list = json.find("slots");
  const auto* items = list ? list->items() : nullptr;
  if (!items || items->size() > slots_max)
    return fail(Fault::invalid, "rauc's status lists no slots, or too many");
  RaucStatus status{.primary = text_of_member(json, "boot_primary"), .slots = {}};
  for (const auto& item : *items) {
    const auto* members = item.members();
    if (!members || members->size() != 1)
      return fail(Fault::invalid, "rauc's status has a slot without a name");
    const auto& [name, about] = members->front();
    if (name.empty() || name.size() > name_max || !about.members())
      return fail(Fault::invalid, "rauc's status has a slot that does not read");
    status.slots.push_back({.name = std::string(name),
                            .slot_class = text_of_member(about, "class"),
                            .bootname = text_of_member(about, "bootname"),
                            .state = text_of_member(about, "state")});
  }
  return status;
}

Result<Placement> placement_of(const RaucStatus& status) {
  const RaucSlot* from = status.booted();
  if (!from) return fail(Fault::unavailable, "rauc does not say which slot is booted");
  const RaucSlot* to = nullptr;
  for (const auto& slot : status.slots) {
    const bool other =
        slot.name != from->name && slot.slot_class == from->slot_class && !slot.bootname.empty();
    if (!other) continue;
    if (to)
      return fail(Fault::invalid, "rauc has more than two bootable slots of class " +
                                      from->slot_class + "; this installer needs exactly two");
    to = &slot;
  }
  if (!to) return fail(Fault::invalid, "rauc has no second bootable slot of " + from->slot_class);
  return Placement{from->name, to->name};
}

net::Task<Result<std::string>> Rauc::run(std::vector<std::string> words, Duration within) {
  const std::string what = "rauc " + words.front();
  words.insert(words.begin(), settings_.program);
  CO_TRY(Ended ended,
         co_await run_program(
             &loop_, {.words = std::move(words), .within = within, .output_max = output_max}));
  if (ended.code == 0) co_return std::move(ended.output);
  co_return fail(ended.code < 0 ? Fault::unavailable : Fault::invalid,
                 account_of(what, ended, within));
}

// Its service may not answer for a while after a restart: each failure here is worth another try.
net::Task<Result<std::string>> Rauc::booted() {
  auto text = co_await run({"status", "--output-format=json"}, settings_.within);
  if (!text) co_return fail(Fault::unavailable, text.error().message);
  CO_TRY(const auto status, parse_rauc_status(*text));
  const RaucSlot* slot = status.booted();
  if (!slot) co_return fail(Fault::unavailable, "rauc does not say which slot is booted");
  co_return slot->name;
}

net::Task<Result<Placement>> Rauc::place(Job) {
  auto text = co_await run({"status", "--output-format=json"}, settings_.within);
  if (!text) co_return fail(Fault::unavailable, text.error().message);
  CO_TRY(const auto status, parse_rauc_status(*text));
  co_return placement_of(status);
}

net::Task<Result<void>> Rauc::install(Job job) {
  CO_TRY(const auto here, co_await booted());
  // RAUC switches to a slot only when it is whole: a power cut after that, and it is what came up.
  if (here == job.placement.to) co_return Result<void>{};
  if (here != job.placement.from)
    co_return fail(Fault::conflict, "the device runs from " + here + ", which is neither " +
                                        job.placement.from + " nor " + job.placement.to);
  const auto done = co_await run({"install", job.artifact.string()}, settings_.install_within);
  if (!done) co_return std::unexpected(done.error());
  co_return Result<void>{};
}

net::Task<Result<Switched>> Rauc::switch_to(std::string slot) {
  CO_TRY_VOID(co_await run({"status", "mark-active", slot}, settings_.within));
  CO_TRY(const auto before, co_await booted());
  if (before == slot) co_return Switched::runs;
  if (!settings_.activate_command.empty())
    CO_TRY_VOID(co_await run_command(&loop_, settings_.activate_command, slot, settings_.within));
  CO_TRY(const auto after, co_await booted());
  co_return after == slot ? Switched::runs : Switched::restarts;
}

net::Task<Result<Switched>> Rauc::activate(Job job) {
  CO_TRY(const auto here, co_await booted());
  if (here == job.placement.to) co_return Switched::runs;
  co_return co_await switch_to(job.placement.to);
}

net::Task<Result<void>> Rauc::check(Job job) {
  CO_TRY(const auto here, co_await booted());
  if (here == job.placement.to) co_return Result<void>{};
  co_return fail(Fault::conflict, "the device runs from " + here + ", not " + job.placement.to);
}

net::Task<Result<void>> Rauc::confirm(Job job) {
  CO_TRY_VOID(co_await run({"status", "mark-good", job.placement.to}, settings_.within));
  if (settings_.confirm_command.empty()) co_return Result<void>{};
  co_return co_await run_command(&loop_, settings_.confirm_command, job.placement.to,
                                 settings_.within);
}

net::Task<Result<Switched>> Rauc::revert(Job job) {
  CO_TRY(const Switched switched, co_await switch_to(job.placement.from));
  if (switched == Switched::restarts) co_return switched;
  CO_TRY_VOID(co_await run({"status", "mark-bad", job.placement.to}, settings_.within));
  if (!settings_.confirm_command.empty())
    CO_TRY_VOID(co_await run_command(&loop_, settings_.confirm_command, job.placement.from,
                                     settings_.within));
  co_return switched;
}

}  // namespace muster::agent
