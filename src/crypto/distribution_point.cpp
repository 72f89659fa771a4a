#include "crypto/distribution_point.h"

#include <openssl/x509v3.h>

#include "crypto/internal/openssl.h"

namespace muster::crypto {
namespace {

using PointsHandle = Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;

const ASN1_IA5STRING* only_uri(const CRL_DIST_POINTS* points) {
  if (sk_DIST_POINT_num(points) != 1) return nullptr;
  const DIST_POINT* point = sk_DIST_POINT_value(points, 0);
  if (!point->distpoint || point->distpoint->type != 0) return nullptr;
  const GENERAL_NAMES* names = point->distpoint->name.fullname;
  if (sk_GENERAL_NAME_num(names) != 1) return nullptr;
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, 0);
  return name->type == GEN_URI ? name->d.uniformResourceIdentifier : nullptr;
}

}  // namespace

Result<std::string> crl_url_of(ByteView der) {
  const QuietErrors quiet;
  const unsigned char* at = der.data();
  const X509Handle certificate{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
  if (!certificate) return fail(Fault::corrupt, "this is no certificate (X.509, DER)");
  int found = 0;  // -1: it has none
  const PointsHandle points{static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate.get(), NID_crl_distribution_points, &found, nullptr))};
  if (!points && found != -1)
    return fail(Fault::corrupt, "the certificate's CRLDistributionPoints cannot be read");
  const auto* uri = points ? only_uri(points.get()) : nullptr;
  if (!uri) return std::string();
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                     static_cast<std::size_t>(ASN1_STRING_length(uri)));
}

}  // namespace muster::crypto
