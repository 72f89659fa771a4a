// advisory/internal/documents -- the formats that a Document is read from, each from the root of
// its file. Pure; any thread.
#pragma once

#include "advisory/advisory.h"
#include "wire/place.h"

namespace muster::advisory {

constexpr std::size_t id_max = 128;         // bytes of an advisory's name
constexpr std::size_t summary_max = 1'024;  // bytes that are kept of a summary

Result<Document> read_osv(const wire::Json&, const DocumentLimits&);
Result<Document> read_csaf(const wire::Json&, const DocumentLimits&);
Result<Document> read_kev(const wire::Json&, const DocumentLimits&);
Result<Document> read_epss(const wire::Json&, const DocumentLimits&);

// A name that may go into a path of the API: letters, digits, - . _ :
Result<std::string> id_at(const wire::Json& object, std::string_view key, const wire::Place&,
                          bool required);
// RFC 3339 with any offset; zero when it is absent and need not be there.
Result<Instant> time_at(const wire::Json& object, std::string_view key, const wire::Place&,
                        bool required);
// What is kept of a text, cut where a character ends.
std::string beginning(const std::string&, std::size_t max);
void note_unknown(Document&, const std::string& ecosystem);

}  // namespace muster::advisory
