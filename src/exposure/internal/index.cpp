#include "exposure/internal/index.h"

#include <algorithm>

namespace muster::exposure {

using advisory::Match;

PackageNumber Index::intern(const std::string& purl, advisory::Package package) {
  const auto number = static_cast<PackageNumber>(packages_.size());
  for (const auto& named : package.names()) {
    auto& of = by_coordinates_[named.coordinates];
    if (of.empty() || of.back() != number) of.push_back(number);
  }
  packages_.push_back({purl, std::move(package), {}});
  by_purl_.emplace(purl, number);
  return number;
}

std::size_t Index::put_image(ImageNumber image, const std::vector<std::string>& purls) {
  auto& mine = by_image_[image];
  for (const PackageNumber each : mine) std::erase(packages_[each].images, image);
  mine.clear();
  std::size_t left_out = 0;
  for (const std::string& purl : purls) {
    auto at = by_purl_.find(purl);
    if (at == by_purl_.end()) {
      auto package = advisory::package_of(purl);
      if (!package) {
        ++left_out;
        continue;
      }
      match_package(intern(purl, std::move(*package)));
      at = by_purl_.find(purl);
    }
    mine.push_back(at->second);
  }
  std::ranges::sort(mine);
  mine.erase(std::ranges::unique(mine).begin(), mine.end());
  for (const PackageNumber each : mine) packages_[each].images.push_back(image);
  return left_out;
}

// Adds what is known to a package that is new.
void Index::match_package(PackageNumber number) {
  const auto& package = packages_[number].package;
  for (const auto& named : package.names()) {
    const auto at = spoken_.find(named.coordinates);
    if (at == spoken_.end()) continue;
    for (const auto& [advisory, affected] : at->second) {
      const Match match = advisory::match(*affected, named, package.release);
      if (match == Match::none) continue;
      bool& certain = known_[advisory->vulnerability()].hits[number];
      certain = certain || match == Match::certain;
    }
  }
}

// Looks for a vulnerability's packages anew.
void Index::match_vulnerability(const std::string& id) {
  Known& known = known_[id];
  known.hits.clear();
  for (const auto* advisory : known.advisories)
    for (const auto& affected : advisory->affected) {
      const auto at = by_coordinates_.find(affected.package);
      if (at == by_coordinates_.end()) continue;
      for (const PackageNumber number : at->second)
        for (const auto& named : packages_[number].package.names()) {
          const Match match = advisory::match(affected, named, packages_[number].package.release);
          if (match == Match::none) continue;
          bool& certain = known.hits[number];
          certain = certain || match == Match::certain;
        }
    }
}

void Index::forget(const advisory::Document& document, std::set<std::string>& touched) {
  for (const auto& advisory : document.advisories) {
    for (const auto& affected : advisory.affected)
      std::erase_if(spoken_[affected.package],
                    [&](const Spoken& each) { return each.advisory == &advisory; });
    known_[advisory.vulnerability()].advisories.erase(&advisory);
    touched.insert(advisory.vulnerability());
  }
  for (const auto& statement : document.statements) {
    std::erase(statements_[statement.vulnerability], &statement);
    touched.insert(statement.vulnerability);
  }
  for (const auto& entry : document.exploited)
    known_[entry.cve].exploited = known_[entry.cve].ransomware = false;
  for (const auto& entry : document.likelihoods) known_[entry.cve].permille = 0;
}

void Index::learn(const advisory::Document& document, std::set<std::string>& touched) {
  for (const auto& advisory : document.advisories) {
    touched.insert(advisory.vulnerability());
    if (advisory.withdrawn) continue;
    known_[advisory.vulnerability()].advisories.insert(&advisory);
    for (const auto& affected : advisory.affected)
      spoken_[affected.package].push_back({&advisory, &affected});
  }
  for (const auto& statement : document.statements) {
    statements_[statement.vulnerability].push_back(&statement);
    touched.insert(statement.vulnerability);
  }
  for (const auto& entry : document.exploited) {
    known_[entry.cve].exploited = true;
    known_[entry.cve].ransomware = entry.ransomware;
  }
  for (const auto& entry : document.likelihoods) known_[entry.cve].permille = entry.permille;
}

std::set<std::string> Index::put_document(const std::string& name, advisory::Document document) {
  std::set<std::string> touched;
  auto& mine = documents_[name];
  forget(mine, touched);
  mine = std::move(document);
  learn(mine, touched);
  for (const auto& id : touched) match_vulnerability(id);
  return touched;
}

std::map<ImageNumber, std::vector<PackageNumber>> Index::images_of(
    const std::string& vulnerability) const {
  std::map<ImageNumber, std::vector<PackageNumber>> out;
  if (const Known* known = find(vulnerability))
    for (const auto& [package, certain] : known->hits)
      for (const ImageNumber image : packages_[package].images) out[image].push_back(package);
  return out;
}

std::set<std::string> Index::vulnerabilities_of(ImageNumber image) const {
  std::set<std::string> out;
  const auto at = by_image_.find(image);
  if (at == by_image_.end()) return out;
  for (const PackageNumber number : at->second)
    for (const auto& named : packages_[number].package.names()) {
      const auto of = spoken_.find(named.coordinates);
      if (of == spoken_.end()) continue;
      for (const auto& each : of->second) {
        const std::string& id = each.advisory->vulnerability();
        if (known_.at(id).hits.contains(number)) out.insert(id);
      }
    }
  return out;
}

const Known* Index::find(const std::string& vulnerability) const {
  const auto at = known_.find(vulnerability);
  return at == known_.end() ? nullptr : &at->second;
}

const std::vector<const advisory::Statement*>& Index::statements(
    const std::string& vulnerability) const {
  static const std::vector<const advisory::Statement*> none;
  const auto at = statements_.find(vulnerability);
  return at == statements_.end() ? none : at->second;
}

}  // namespace muster::exposure
