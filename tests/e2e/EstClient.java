import java.io.FileInputStream;
import java.io.StringWriter;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * A device whose EST client is Bouncy Castle's. Arguments: door (host:port), CA file, label or "-", device id, token,
 * then "enrol" (and renew, with another key) or "keygen". Prints what it was given, as PEM.
 */
public final class EstClient {
  private final String door, label;
  private final Set<TrustAnchor> anchors;

  private EstClient(String door, String ca, String label) throws Exception {
    this.door = door;
    this.label = label;
    try (var in = new FileInputStream(ca)) {
      var root = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      anchors = Set.of(new TrustAnchor(root, null));
    }
  }

  private ESTService service(KeyPair key, X509Certificate certificate) throws Exception {
    var builder = new JsseESTServiceBuilder(door, JcaJceUtils.getCertPathTrustManager(anchors, null));
    if (!label.equals("-")) builder.withLabel(label);
    if (certificate != null) {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("device", key.getPrivate(), new char[0], new Certificate[] {certificate});
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, new char[0]);
      builder.withKeyManagers(managers.getKeyManagers());
    }
    return builder.build();
  }

  private static KeyPair newKey() throws Exception {
    var generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static PKCS10CertificationRequest request(String id, KeyPair key) throws Exception {
    var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate());
    return new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + id), key.getPublic()).build(signer);
  }

  private static X509Certificate certificateOf(EnrollmentResponse answer) throws Exception {
    if (!answer.isCompleted()) throw new IllegalStateException("to be asked again");
    X509CertificateHolder[] all = ESTService.storeToArray(answer.getStore());
    if (all.length != 1) throw new IllegalStateException(all.length + " certificates");
    return new JcaX509CertificateConverter().getCertificate(all[0]);
  }

  private static void print(Object what) throws Exception {
    var text = new StringWriter();
    try (var pem = new JcaPEMWriter(text)) {
      pem.writeObject(what);
    }
    System.out.print(text);
  }

  public static void main(String[] given) throws Exception {
    java.security.Security.addProvider(new BouncyCastleProvider());
    var client = new EstClient(given[0], given[1], given[2]);
    String id = given[3];
    ESTAuth token = new JcaHttpAuthBuilder(null, id, given[4].toCharArray()).setProvider("BC").build();
    ESTService first = client.service(null, null);
    if (first.getCACerts().getCertificateStore().getMatches(null).isEmpty()) throw new IllegalStateException("no CA");
    KeyPair key = newKey();
    if (given[5].equals("keygen")) {
      var answer = first.simpleEnrollWithServersideCreation(request(id, key), token);
      print(certificateOf(answer));
      print(new PemObject("PRIVATE KEY", answer.getPrivateKeyInfo().getEncoded()));
      return;
    }
    X509Certificate certificate = certificateOf(first.simpleEnroll(false, request(id, key), token));
    print(certificate);
    KeyPair next = newKey();
    print(certificateOf(client.service(key, certificate).simpleEnroll(true, request(id, next), null)));
  }
}
