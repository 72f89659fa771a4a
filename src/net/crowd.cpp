#include "net/crowd.h"

namespace muster::net {

void Crowd::Member::leave() {
  if (crowd_) crowd_->remove(*this);
}

void Crowd::Member::speak() {
  if (crowd_ && !spoke_) crowd_->join(*this, group_->network, true);
}

void Crowd::join(Member& member, std::uint64_t network, bool spoke) {
  member.leave();
  Group& group = groups_[network];
  group.network = network;
  member.crowd_ = this;
  member.group_ = &group;
  member.spoke_ = spoke;
  member.since_ns_ = monotonic_ns();
  member.in_all_ = all_.of(spoke).insert(all_.of(spoke).end(), &member);
  member.in_group_ = group.of(spoke).insert(group.of(spoke).end(), &member);
  if (group.size() == share_ + 1) greedy_.push_back(&group);
}

void Crowd::remove(Member& member) {
  Group& group = *member.group_;
  if (group.size() == share_ + 1) std::erase(greedy_, &group);
  all_.of(member.spoke_).erase(member.in_all_);
  group.of(member.spoke_).erase(member.in_group_);
  member.crowd_ = nullptr;
  member.group_ = nullptr;
  if (group.size() == 0) groups_.erase(group.network);
}

bool Crowd::make_way() {
  const std::int64_t now = monotonic_ns();
  const auto one_of_the_greedy = [&](bool spoke, Duration patience) {
    return std::ranges::any_of(
        greedy_, [&](Group* group) { return close_one(group->of(spoke), patience, now); });
  };
  return one_of_the_greedy(false, patience_.silent) ||
         close_one(all_.silent, patience_.silent, now) ||
         one_of_the_greedy(true, patience_.greedy) ||
         close_one(all_.speaking, patience_.speaking, now);
}

bool Crowd::close_one(std::list<Member*>& members, Duration patience, std::int64_t now_ns) {
  int looks = 4;  // or a long row of those that wait for us would be walked at every accept
  for (Member* member : members) {
    if (now_ns - member->since_ns_ < std::chrono::nanoseconds(patience).count()) return false;
    if (!member->is_owed()) {
      remove(*member);
      member->give_way();
      return true;
    }
    if (--looks == 0) return false;
  }
  return false;
}

}  // namespace muster::net
