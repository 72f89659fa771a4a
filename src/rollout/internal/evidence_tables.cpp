// How evidence, paces and proposals stand in the store.
#include <algorithm>

#include "rollout/internal/book.h"
#include "rollout/internal/plan.h"

namespace muster::rollout {
namespace {

std::int64_t number_of(auto value) {
  return static_cast<std::int64_t>(value);
}

}  // namespace

void Rollouts::Book::load_evidence(Course& c) {
  if (!c.trial) return;
  auto rows = store.read(
      "SELECT stream, treated, control, r0, r1, r2, r3, r4, r5, r6 FROM rollout_evidence"
      " WHERE rollout = ?",
      {number_of(c.id.number)});
  while (rows.next()) {
    const auto stream = static_cast<std::size_t>(rows.integer(0));
    if (stream >= streams) throw store::Broken("evidence in the store is of no stream");
    Weighed w{
        static_cast<std::size_t>(rows.integer(1)), static_cast<std::size_t>(rows.integer(2)), {}};
    for (std::size_t i = 0; i < Weighed::ratios; ++i)
      w.log_ratio[i] = rows.real(static_cast<int>(3 + i));
    c.trial->restore(static_cast<Stream>(stream), w);
  }
  c.swept = !c.trial->watches(Stream::silence);
}

void Rollouts::Book::write_evidence(store::Writer& writer, const Course& c, Stream s) const {
  const Weighed& w = c.trial->weighed(s);
  const auto& r = w.log_ratio;
  static_assert(Weighed::ratios == 7);
  writer.write("INSERT OR REPLACE INTO rollout_evidence VALUES(?,?,?,?,?,?,?,?,?,?,?)",
               {number_of(c.id.number), number_of(s), number_of(w.treated), number_of(w.control),
                r[0], r[1], r[2], r[3], r[4], r[5], r[6]});
}

void Rollouts::Book::write_seen(store::Writer& writer, const Course& c, const Member& m) const {
  writer.write("UPDATE rollout_target SET seen = ?, here = ? WHERE rollout = ? AND device = ?",
               {number_of(m.seen), number_of(m.here), number_of(c.id.number), m.device.text()});
}

void Rollouts::Book::load_paces(Course& c) {
  auto rows = store.read("SELECT site, next_us FROM rollout_pace WHERE rollout = ?",
                         {number_of(c.id.number)});
  while (rows.next()) {
    const std::string name = rows.text(0);
    auto site =
        std::find_if(c.sites.begin(), c.sites.end(), [&](const Site& s) { return s.name == name; });
    if (site != c.sites.end()) site->next_us = rows.integer(1);  // else nobody is there any more
  }
}

void Rollouts::Book::write_pace(store::Writer& writer, const Course& c, const Site& site) const {
  writer.write("INSERT OR REPLACE INTO rollout_pace VALUES(?,?,?)",
               {number_of(c.id.number), site.name, site.next_us});
}

Result<void> Rollouts::Book::load_proposals() {
  auto rows = store.read(
      "SELECT id, plan, author, at, standing, approver, rollout FROM rollout_proposal ORDER BY id");
  while (rows.next()) {
    Proposal p;
    p.id.number = static_cast<std::uint64_t>(rows.integer(0));
    TRY(const auto json, wire::parse_json(rows.text(1)));
    TRY(p.plan, read_plan(json));
    p.digest = digest_of(p.plan);
    p.author = rows.text(2);
    p.at = instant(rows.integer(3));
    p.standing = static_cast<Standing>(rows.integer(4));
    p.approver = rows.text(5);
    if (!rows.null(6)) p.rollout = RolloutId{static_cast<std::uint64_t>(rows.integer(6))};
    proposals.emplace(p.id, std::move(p));
  }
  return {};
}

void Rollouts::Book::write_proposal(store::Writer& writer, const Proposal& p) const {
  const auto plan = wire::to_text(to_json(p.plan));
  store::Value rollout = nullptr;
  if (p.rollout) rollout = number_of(p.rollout->number);
  writer.write("INSERT OR REPLACE INTO rollout_proposal VALUES(?,?,?,?,?,?,?)",
               {number_of(p.id.number), plan, p.author, millis(p.at), number_of(p.standing),
                p.approver, rollout});
}

std::vector<std::string> Rollouts::Book::failed_in(RolloutId id) const {
  std::vector<std::string> out;
  auto rows = store.read(
      "SELECT device FROM rollout_target WHERE rollout = ? AND (outcome IN (3, 4, 5) OR sick)"
      " ORDER BY device",
      {number_of(id.number)});
  while (rows.next()) out.push_back(rows.text(0));
  return out;
}

}  // namespace muster::rollout
