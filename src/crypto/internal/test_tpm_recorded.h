// crypto/internal/test_tpm_recorded -- for tests and fuzzers only: what one TPM (swtpm 0.7.1) said
// once, in base64.
//
// Endorsement keys RSA-2048 and P-384 with their certificates and the chain to the vendor's root;
// three attestation keys below the RSA one; their quotes of sha256:0,1,7,8 and their statements
// that a P-256 key for TLS is in the same TPM, both as tpm2-tools 5.4 asks for them. Values only.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace muster::crypto::tpm::recorded {

inline constexpr std::string_view quote_nonce =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";  // in hexadecimal
inline constexpr std::string_view certify_nonce = "00ff55aa";            // of tpm2_certify

inline constexpr std::string_view rsa_endorsement_certificate =
    "MIID9DCCAlygAwIBAgIBAjANBgkqhkiG9w0BAQsFADAYMRYwFAYDVQQDEw1zd3RwbS1sb2NhbGNhMCAXDTI2MTEyMjA4"
    "MzI1MVoYDzk5OTkxMjMxMjM1OTU5WjASMRAwDgYDVQQDEwd1bmtub3duMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIB"
    "CgKCAQEA+rpBQ5gFYElPn0wxit97PbVuZXXbanLdCutj7hrkhv7sjCoKDj4wO11oAo1+HNReCe5TsjIi48Zyhy6YWub8"
    "Pn8SYtKThWjeIsRmO5SNP/wpofFNqC3cRpUdNfqjs2wGXGz1akQXuAt9QAfMGUH1hTjcHI/gjcd1U3BNKu4Qv66eRwzy"
    "jX2g6aIQmxQBAB6ZN28R3KOLv26SfeIpPcHD0xtMn7PRXXc29tw0zzudb5n5+GzwWGuQ8eGD8COuP1iiDo7TShYVNFVS"
    "iuDjXyBHc0roKaRkJrd6UTbCH4NrVkIf+HPaKxQkOsL/UMlrfTCL5wMJdvcznGqSJF5p8vpk0QIDAQABo4HMMIHJMBAG"
    "A1UdJQQJMAcGBWeBBQgBMFIGA1UdEQEB/wRIMEakRDBCMRYwFAYFZ4EFAgEMC2lkOjAwMDAxMDE0MRAwDgYFZ4EFAgIM"
    "BXN3dHBtMRYwFAYFZ4EFAgMMC2lkOjIwMTkxMDIzMAwGA1UdEwEB/wQCMAAwIgYDVR0JBBswGTAXBgVngQUCEDEOMAwM"
    "AzIuMAIBAAICAKQwHwYDVR0jBBgwFoAUJMRLxAkOXHelyNRdD4MkJ4ALrmgwDgYDVR0PAQH/BAQDAgUgMA0GCSqGSIb3"
    "DQEBCwUAA4IBgQATE4XCQwMWpQ8b5dttExQv8lrnCTybE13XN51+9xlUr6h3M6jeX9hRz1ewWQ1fK8GXzLmDyTUNvZIo"
    "9FpcmFhQvYcymkJbPWCxBAaNKUk2RKR8LQ552YCX14j/6CgLeTHEyi1uhlJ2KZgpSLJIobhNPVk9mSTHBko5fPuL1gVq"
    "i5cUzPj/BDUWmANMZStQLUfl8HEmMCSWtZCp6fLAV7OTW9xjmduOVr8oWllmEHG4YzcWVc3rZp7B7uOMkqsK6+Bh4qg0"
    "D7M8fpVdwLcwLuP7zKOph+UdZ1lFwpzW7tr7F2AKaFXXaZ/3oO8PEm4fIPmebJNX64qFdVB2//8sxHsg8zYeuOPEiirG"
    "LH9KeiVwKH+SXiyGcDjQb0Jhg2hpa4C3wJ5vKwIyUBuIpufZTWwcAzXp8Av3woL6bbELwNlkmObFa+BrUmY5MSvuS0J1"
    "1A+HpHwdAqvO9JA1ykufFO1n6ufsVZ6MRAhucdPl2cXWVlwmff1ijt7/dVLKXAtoRaw=";

inline constexpr std::string_view p384_endorsement_certificate =
    "MIIDRjCCAa6gAwIBAgIBAzANBgkqhkiG9w0BAQsFADAYMRYwFAYDVQQDEw1zd3RwbS1sb2NhbGNhMCAXDTI2MTEyMjA4"
    "MzI1MVoYDzk5OTkxMjMxMjM1OTU5WjASMRAwDgYDVQQDEwd1bmtub3duMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE+PIF"
    "Sge0VuhM9j0tcr61LMnVVyZWgda2yDkLOHD8nHcQjiblzf0To3q3aHo5ZQ/BWIdhYFGI1m/el0jUYwTi7VAmd23RGN5H"
    "qngXt2o5T+1lKo5Z1BrB0WMfnzqcx0ZSo4HMMIHJMBAGA1UdJQQJMAcGBWeBBQgBMFIGA1UdEQEB/wRIMEakRDBCMRYw"
    "FAYFZ4EFAgEMC2lkOjAwMDAxMDE0MRAwDgYFZ4EFAgIMBXN3dHBtMRYwFAYFZ4EFAgMMC2lkOjIwMTkxMDIzMAwGA1Ud"
    "EwEB/wQCMAAwIgYDVR0JBBswGTAXBgVngQUCEDEOMAwMAzIuMAIBAAICAKQwHwYDVR0jBBgwFoAUJMRLxAkOXHelyNRd"
    "D4MkJ4ALrmgwDgYDVR0PAQH/BAQDAgMIMA0GCSqGSIb3DQEBCwUAA4IBgQBqKdwCPAJmTSqKzFHOrIjJ/Cr2lo90xptd"
    "PiYmMwKNlfsSU1fuhb4u+zIBxmX1lRCyTQhaie/GBu9W8rcQSVAr7yJYtiH22T1OZmF66reehIIzTT3B1GQQfCOG1aWW"
    "qmy1RAR7kF2HsyTJ0s1Bvrlj3OThPOtjZiKhLUfOXQw87JAA/0jeTMNFeGq7YU3pP30YB1p+Jf/UuiyiXr0GmJbpQn9R"
    "qZvhAbEA8Bt96w9smI/nOASgq3evhmGb0CQcyZF3VujV8YjwKSzgr5ojK967qvQpoJ94If3VFRH3EZYfKUSU5nPQt+br"
    "L7m5TYoFjZ11G1BVlI9P9tXboLLRrNU+I0OA2LKUF1fIk2E0ZmHVjmFDapkFA3YbuTNTkv6cLkV3/xX+Jsp9d+SbU57H"
    "FA9Kl53nt1RZ8/DhqvFOaKCcjIF/WCBglp/vS0EfXUQj10NfJdHtBZnibKndHL+w9JFAqjbb/WTTK+NS/jmMslKLkLyH"
    "qEpLuhJls6Bq9AYruyo=";

inline constexpr std::string_view vendor_issuing =
    "MIIEKjCCApKgAwIBAgIUeyAz+s92yFWc8Z2HgS//rjW2DTwwDQYJKoZIhvcNAQELBQAwHzEdMBsGA1UEAxMUc3d0cG0t"
    "bG9jYWxjYS1yb290Y2EwIBcNMjYxMTIyMDgzMjUxWhgPOTk5OTEyMzEyMzU5NTlaMBgxFjAUBgNVBAMTDXN3dHBtLWxv"
    "Y2FsY2EwggGiMA0GCSqGSIb3DQEBAQUAA4IBjwAwggGKAoIBgQCZ2mM3WtQfaWNYFNzDpiPODNLmBPGCej2RAMJjofxx"
    "7EXR/vQRGyEzB1ZruSVuEGmW16QQqOzMVypZqMZARVunEOOizK87WguKSf4eGFFuLxzPXc137EOOnwPVv5+fPnDlcHzc"
    "4Nf20j/ZW+1/axXyw4QMnDCyzRvyEFM+1Jr6ZkrKs+PeliiGojaTfT+Sn7gzah4hRlceyL1KGrHIbQOkxWhnsCAcvMim"
    "AsVh4zulglTn6VqAUQB0a24W38daV7dXXbfXDtF2d6oiBFWUjQHhAlu49Lajz4RRC+jel1g8JXFsX/xjG3i4NspEPUkZ"
    "FXAqT2gbrv6zEVqDTj2+CDUzznQDiP5MEKXnVyDPxIRSdhKGQsZeMDkamUWCSHwYGprx9A7IhXRIPd6e7/PNF9DYHJ+X"
    "59XXY0iJGgEdJia823PyxfBNatEZmWVjBYAcWzCoeAnlj5OgXDhQHEI9G1c7D0yCVok2w6hUVQmz7cPPDamfGSIjJSoX"
    "pHN5iDOrSwUCAwEAAaNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFCTES8QJDlx3"
    "pcjUXQ+DJCeAC65oMB8GA1UdIwQYMBaAFBob1E90P7Tj8sj0DREwtP3Uk/7JMA0GCSqGSIb3DQEBCwUAA4IBgQCtXcgB"
    "k8YS/KQOsoUqhjs0rdYub7x6k9JMOWdmdroW+gX2ABtLuckoT2mBCsgJK5HqJ0pxtcOtrkbBVSJsTWOcMIAfY/yGSG4N"
    "NTNQ5P4CTuUP8i75SHRMQIzEVMNzm4h6hjRAUsT0N5xLPzgzcyihmgjt99Vt/yo3gCoxfZnXbQcjBGPjNJYRJJumUqAy"
    "0IXvzNYDjnxQs890CDVtiIMraxQsDTQV9vhAN2NANxMby/1CqT24ay+jO7e3/5fjt540KUuPB0tmP+R3d27CZhFuvHY7"
    "/XTP/E6Y+SseA5QsyjBDz2KVz+NZnXr8v6YOPJ5AWot+CG74zXEa0qN0Ky0WurQ4J7/ESBjScKxjNpzSfEodYiPDGfx6"
    "+xzTfT4AooIfS1t7Kk4q3tewtrPJ57Kc/hntoR4PouRFGmAsUBEy9sO4oKlN3xnaj5GU8i+DOAQ500KDKIXP9VOHYW5S"
    "1Ze/Qt95nmkunC51ycBBiML8x+0xffBWbWwbVljwgDpjbDY=";

inline constexpr std::string_view vendor_root =
    "MIIEEDCCAnigAwIBAgIUN5tlzEpwPWrcPdxbPfo1W6bwItYwDQYJKoZIhvcNAQELBQAwHzEdMBsGA1UEAxMUc3d0cG0t"
    "bG9jYWxjYS1yb290Y2EwIBcNMjYxMTIyMDgzMjUxWhgPOTk5OTEyMzEyMzU5NTlaMB8xHTAbBgNVBAMTFHN3dHBtLWxv"
    "Y2FsY2Etcm9vdGNhMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAsHIpJwtqspnuWJ1Zg0iVyTe7YtoIlKOV"
    "bM4r7+wphPfbulyFK4uDQktXVFSFBfvlUwkQQkwQ0ns3ClrFcT7PEhZ2YHEhxfNmlcmBCvYzYbt1vUUqzMt9WF5UN3ek"
    "zv0WlSGCvABcuRGlesJMMjbVqUrleyUi1ciasv+GuMfOSxEg8k7/0ysKnvdRtOKDfAfr5vFrMx1s4XBdipBcHsuTRos6"
    "iRxxk2txIkPX1pnNB+tPfSCYZI6Iq4SgXNrgPtLa/UjXn68Xkv7a/gXIYOP43bStYlvrk3lJhdD8o3SCCAMIAfmA+4v6"
    "+omSYXFJxrSyPNbn4xQgbJ3L8dyzSgBrgQXBD1Q258zVCzlv9IuqHx2rEWIBI4/dpnIMTSZ8ummhguQlaoQiPeUf8te7"
    "wAFwvcFX4aOGHAPoVN8AJFZuGMESTmh0vQ3fo6NZP5P+CgOzq8WPPHP3TQ0tBAC2+r0k0nhhjo9zn24XPT9GpgSMBBHF"
    "VVsfBaTJVW2+za5v6MOzAgMBAAGjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBQa"
    "G9RPdD+04/LI9A0RMLT91JP+yTANBgkqhkiG9w0BAQsFAAOCAYEAGFZrQYQe7l+29Hb19hHFscGvCls86AvD3XQEsgZt"
    "EoyRt8QJ+maPaMLucPUw38zYIlj2Yoo+YlrFYfM7ClUl0uroAb8cPXTMzq2gHWImn4ZIW+qFPfyMY1PZbhh3mpJD4GAs"
    "5DuOsT+STcw9xSLWcyYQbtmVEEc1EcJ/YVlnwVq/ELe4/XakRkZlaVOehZwSQ8O1MKc/gaxPRW0W3WCBYp0oDwbfTwSZ"
    "OG92ExHjNFlRbZYdTvrM4YtRVTLDwoiR3ACGFFpJbckct8uiBtqdO9qIFfEpUTkdIRWnhKtW1/fchq8Vg0kKiwBi9nar"
    "KBk66nP5HNwUDKoYbosI2B1D+RW1yIK8hUoj6SnB8dmn20xehf4DWKDd64QS7tieXcERcvSF6S9QTuI11MjnQjIcKUAV"
    "ZUbkkkjxwGJaLzodWQRkktB2IFq+PNjHobvmMMtXea9sbWxKEkat41FnvWONbTE4alDVQOyNeBtSGFzgWeYDIm0MQpQO"
    "d75TYm0UoCqh";

inline constexpr std::string_view rsa_endorsement_area =
    "AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S124GUgtk8qHaGzMUaaoABgCAAEMAEAgAAAAAAAEA+rpBQ5gFYElP"
    "n0wxit97PbVuZXXbanLdCutj7hrkhv7sjCoKDj4wO11oAo1+HNReCe5TsjIi48Zyhy6YWub8Pn8SYtKThWjeIsRmO5SN"
    "P/wpofFNqC3cRpUdNfqjs2wGXGz1akQXuAt9QAfMGUH1hTjcHI/gjcd1U3BNKu4Qv66eRwzyjX2g6aIQmxQBAB6ZN28R"
    "3KOLv26SfeIpPcHD0xtMn7PRXXc29tw0zzudb5n5+GzwWGuQ8eGD8COuP1iiDo7TShYVNFVSiuDjXyBHc0roKaRkJrd6"
    "UTbCH4NrVkIf+HPaKxQkOsL/UMlrfTCL5wMJdvcznGqSJF5p8vpk0Q==";

inline constexpr std::string_view p384_endorsement_area =
    "AKoAIwAMAAMA8gAwsm59KNEaULxT2IK89f06GgdBSLs107TkyxwK2b3kGcrLR7oJaZZGFQ+fwADz+A4SAAYBAABDABAA"
    "BAAQADD48gVKB7RW6Ez2PS1yvrUsydVXJlaB1rbIOQs4cPycdxCOJuXN/ROjerdoejllD8EAMFiHYWBRiNZv3pdI1GME"
    "4u1QJndt0RjeR6p4F7dqOU/tZSqOWdQawdFjH586nMdGUg==";

inline constexpr std::string_view tls_area =
    "AFgAIwALAAQAcgAAABAAGAALAAMAEAAgLuAGMhbFDJ8wnpbhmfCMXeRqk07C8L43MsbvOdXghcsAIDVo8XyeB89tsRLi"
    "XG4/ZU4pWfFMY+SG7koFrFBsM1xi";

inline constexpr std::string_view pcr_values =
    "jDdKU3gmQvdRTQh9JqPnM/G4BgCaA+BKQ7KI7y+p+cAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABs2AY6H"
    "jGZrS2z7RSjiwaim2EmARGqtBJrV8CxGT+mVAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

inline constexpr std::string_view p256_area =
    "AFgAIwALAAUAcgAAABAAGAALAAMAEAAgxKJGZzoI22ETpUezXFRRy0FNejR8eu6hM8kfMJl9YbcAIJ9RV+aWVQMSUhLc"
    "p1Q/dtfsJiIxUfcLQhoSWu2Rfb8A";

inline constexpr std::string_view p256_quote =
    "/1RDR4AYACIAC5JpyAnRnK5VC+hQlm5PW2BTOj3JKZwdUvvzrk7W7uI0ACAAESIzRFVmd4iZqrvM3e7/ABEiM0RVZneI"
    "maq7zN3u/wAAAAAAAAr/AAAAAgAAAAABIBkQIwAWNjYAAAABAAsDgwEAACC6P5/prj5ol/Pr2JUsXyvt024cxf3LC1mO"
    "JC0IO45crQ==";

inline constexpr std::string_view p256_quote_signature =
    "ABgACwAgd5lUqyF8Vi4dc6YcuttfeBhr4owQAdXcG8WlPe7WSg0AIMvgnGCg16fD1gyeOwCfkcOcQCB7tbhSvGtYNtp9"
    "8jBF";

inline constexpr std::string_view p256_certify =
    "/1RDR4AXACIAC5JpyAnRnK5VC+hQlm5PW2BTOj3JKZwdUvvzrk7W7uI0AAQA/1WqAAAAAAAACy0AAAACAAAAAAEgGRAj"
    "ABY2NgAiAAsZROvcMCzH/PdO2tPySsRoQd6OFTOxPMF3i5Rg9+WRrQAiAAtxBlP17qod8YTdREaeJ43m3g7zNnyjcoVj"
    "iBT47tk06A==";

inline constexpr std::string_view p256_certify_signature =
    "ABgACwAgfQ7t3AMFD28MbEvpQBN7Ud+KWWEl80qNkuG/xoF/8RkAIMm607jK/K58fGrFqocUIILsHgW/ZjeIiy6cDAMD"
    "0tVx";

inline constexpr std::string_view p384_area =
    "AHgAIwALAAUAcgAAABAAGAAMAAQAEAAwMKvM5IlOQ5tXBZL2tsbBncpi07Q2cGsAqTif+mnydbiyPdoVIeidx2u/EWzF"
    "ycKJADDgIRhAWQBEo2mcC0RAzqT5nE4+0xAMyvdFWhs5PXVgbeQcvc52YD2janBxqWgSFwE=";

inline constexpr std::string_view p384_quote =
    "/1RDR4AYACIAC3YhKg5kK3yufBkPZzJ171np2tNlUgxuijyagYM7PiH/ACAAESIzRFVmd4iZqrvM3e7/ABEiM0RVZneI"
    "maq7zN3u/wAAAAAAAAtRAAAAAgAAAAABIBkQIwAWNjYAAAABAAsDgwEAADBZHdkPMI8BJNlGtvNfvVFbQKPYdr91DO9a"
    "iANaJ0CbQkawbUg9fc4EF5mDADHFIo0=";

inline constexpr std::string_view p384_quote_signature =
    "ABgADAAwbdhzsWyCpGpyS2AMcAf9RYBSBVKXvZPGWgkK7p2UaNj2T3+7b2tfiTTU5F9STH7CADDhSw1er7zBk09snMer"
    "Bsiwn7xRJZeiQOgwTFWEfg0qIluWdxZNedgUsaKvVOnOczQ=";

inline constexpr std::string_view p384_certify =
    "/1RDR4AXACIAC3YhKg5kK3yufBkPZzJ171np2tNlUgxuijyagYM7PiH/AAQA/1WqAAAAAAAAC3UAAAACAAAAAAEgGRAj"
    "ABY2NgAiAAsZROvcMCzH/PdO2tPySsRoQd6OFTOxPMF3i5Rg9+WRrQAiAAtxBlP17qod8YTdREaeJ43m3g7zNnyjcoVj"
    "iBT47tk06A==";

inline constexpr std::string_view p384_certify_signature =
    "ABgADAAwpwdGDbSV8xbwTxjHEXDb873uoylswotQmlOtNnBvDSxYXuVNphMyKuAiYfLSDdUtADD5cUf4RwCsCj4M4qkG"
    "giJpZaeh1hRWoyu7TxcF4P7W18v8MjR5YQiiK+G1zB5lkwQ=";

inline constexpr std::string_view rsa_area =
    "ARgAAQALAAUAcgAAABAAFAALCAAAAAAAAQCkqyyQRwJnHkbQyXK/QW2zGDazgqqS/457uIn91FS//zU+Efe5VuWyYmEl"
    "blgl7fXCORHu1gUVd5uWACNdVwulPUwh6aCKNHd68f0SA9SJrK3f6r6Sbxq/J3Zj/YwBSf03/+XkvnBm6EL0eXer8Qne"
    "eDNS523EulqSzhpG7nUpOFOrNXLBBqQjtJ9c5eGlhCi3iI/dtoapov06omT6SulCrrvt0WxHuvzcIuLEqkJHL4cUag5x"
    "xiWs9TYG8IyFB+XNEjxHTrHCNo0w39uUOHdEchSD+gvfle2AnuHdZYDAPH4ujwZDuHEqNam154WU2ZMHmgqw+JlgqBUh"
    "4+qqARcv";

inline constexpr std::string_view rsa_quote =
    "/1RDR4AYACIACy44KY+oUAhfMWOC5NIAdPWgr0wWTIE+YhNBbTmZA5dSACAAESIzRFVmd4iZqrvM3e7/ABEiM0RVZneI"
    "maq7zN3u/wAAAAAAAAuIAAAAAgAAAAABIBkQIwAWNjYAAAABAAsDgwEAACC6P5/prj5ol/Pr2JUsXyvt024cxf3LC1mO"
    "JC0IO45crQ==";

inline constexpr std::string_view rsa_quote_signature =
    "ABQACwEAO6G8fcIrPBjikEp+DLMcuQ07GiylD+8E+GjODWsGp+3JpF5i9wGJTVMq97H6laK2XFPPwFXCMSV1NpakVcUe"
    "XJbrvBXio1i5+lU6VTyEUZ84+5+MZv1q4GyvUYTdPXb/2Cf+FFtBKmGuPJ4W/O3b/gVcuIJoLpNGChpd7MecdbktlF3A"
    "JmF2AyzNdOLChuZfDHwm2qTd6kQT+BV46Rj0dHGGNfRxDh7qgR5phMTTmfdtG8JgdIStOk/sJKdMBFD5PhNFc4H7e+oI"
    "gJ6hAnWlIdhZergcCTArjmQVLP9lZPYOUPLrfPa7YEvYjzUcNcZzrh8EXz/EimN3dOw2GMCgPg==";

inline constexpr std::string_view rsa_certify =
    "/1RDR4AXACIACy44KY+oUAhfMWOC5NIAdPWgr0wWTIE+YhNBbTmZA5dSAAQA/1WqAAAAAAAAC7wAAAACAAAAAAEgGRAj"
    "ABY2NgAiAAsZROvcMCzH/PdO2tPySsRoQd6OFTOxPMF3i5Rg9+WRrQAiAAtxBlP17qod8YTdREaeJ43m3g7zNnyjcoVj"
    "iBT47tk06A==";

inline constexpr std::string_view rsa_certify_signature =
    "ABQACwEAonpt9Hc2IwBH4r75Yw/o2GEUewOm6g7zkCmUlCdnHk0GvQ7Fh06gYeuU7s5fVqYxVvvM+RpJ/Uvmr48akVXm"
    "hQiIwK+Y85dmd3X+i0Wt3m2Ocb8/OJRkv6qEQ3EzCDkKRrGqPMxGne2LXa0zi0ylBG4Uyq6U815tfp2C+z7hic3pAgzz"
    "cKQVVWrMFdph4uctejPT1rnMPczDJR8SYhwOuhBay8yMRVbR5A+t67sl5COjtGfF2ml04612CZDUX/rEz+p83QQs91uu"
    "wOT9avNSaA8wujRvYo263wBeWvf82spEYhJt2EO71IeNPXbgqd4WkP1xKVy6Le1CVfrCi3Gozg==";

// Of anything above but the nonces.
inline Bytes octets(std::string_view base64) {
  return expect(from_base64(base64));
}

}  // namespace muster::crypto::tpm::recorded
