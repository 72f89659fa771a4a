// exposure/internal/index -- images, their packages, and the advisories that speak of them, as an
// inverted index: a package is kept once, however many images hold it, and a vulnerability knows
// the packages that it hits. Domain thread; no clock, no store.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "advisory/advisory.h"
#include "advisory/package.h"

namespace muster::exposure {

using ImageNumber = std::uint32_t;
using PackageNumber = std::uint32_t;

struct Known {  // a vulnerability: what all feeds say of it
  std::set<const advisory::Advisory*> advisories;
  std::map<PackageNumber, bool> hits;  // whether it is certain
  bool exploited = false, ransomware = false;
  int permille = 0;
};

class Index {
 public:
  // The packages of an image, by package URL, in place of those it had. Those that do not read are
  // left out; their count.
  std::size_t put_image(ImageNumber, const std::vector<std::string>& purls);

  // A document, in place of the one of this name; the vulnerabilities that it speaks of, or did.
  std::set<std::string> put_document(const std::string& name, advisory::Document);

  // Each image that a vulnerability hits, with the packages that it hits it by.
  std::map<ImageNumber, std::vector<PackageNumber>> images_of(
      const std::string& vulnerability) const;
  std::set<std::string> vulnerabilities_of(ImageNumber) const;

  const Known* find(const std::string& vulnerability) const;
  const std::map<std::string, Known>& vulnerabilities() const { return known_; }
  const std::vector<const advisory::Statement*>& statements(const std::string& vulnerability) const;
  const std::string& purl(PackageNumber n) const { return packages_[n].purl; }
  const advisory::Package& package(PackageNumber n) const { return packages_[n].package; }
  std::size_t documents() const { return documents_.size(); }

 private:
  struct Entry {
    std::string purl;
    advisory::Package package;
    std::vector<ImageNumber> images;
  };
  struct Spoken {
    const advisory::Advisory* advisory;
    const advisory::Affected* affected;
  };

  PackageNumber intern(const std::string& purl, advisory::Package);
  void match_package(PackageNumber);
  void match_vulnerability(const std::string&);
  void forget(const advisory::Document&, std::set<std::string>& touched);
  void learn(const advisory::Document&, std::set<std::string>& touched);

  std::vector<Entry> packages_;
  std::unordered_map<std::string, PackageNumber> by_purl_;
  std::unordered_map<std::string, std::vector<PackageNumber>> by_coordinates_;
  std::unordered_map<ImageNumber, std::vector<PackageNumber>> by_image_;
  std::map<std::string, advisory::Document> documents_;          // nodes stay where they are
  std::unordered_map<std::string, std::vector<Spoken>> spoken_;  // of these coordinates
  std::map<std::string, std::vector<const advisory::Statement*>> statements_;
  std::map<std::string, Known> known_;
};

}  // namespace muster::exposure
