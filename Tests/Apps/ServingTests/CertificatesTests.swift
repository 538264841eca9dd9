// What daemons share: certificates by the listener's path in the settings.
import Commands
import Serving
import Settings
import Testing

@Suite struct CertificatesTests {
    private static func settings(_ tls: String) throws -> CoordinatorSettings {
        try CoordinatorSettings(
            Array(
                """
                {"daemon": "coordinator", "name": "one", "holders": ["broker-0"],
                 "listen": [{"address": "127.0.0.1", "port": 1\(tls)}]}
                """.utf8))
    }

    @Test func aListenerWithoutHasNone() throws {
        let all = try Certificates(DaemonSettings.coordinator(Self.settings("")).certificates)
        #expect(all["listen[0].tls"] == nil)
    }

    @Test func whatIsNotThereIsNamedByItsPlace() throws {
        let settings = try Self.settings(
            #", "tls": {"certificateFile": "/nowhere/a.pem", "keyFile": "/nowhere/a.key"}"#)
        do {
            _ = try Certificates(DaemonSettings.coordinator(settings).certificates)
            Issue.record("files that are not there were taken")
        } catch {
            #expect(error.message.hasPrefix("listen[0].tls: ") && error.message.contains("/nowhere/a.pem"))
        }
    }
}
