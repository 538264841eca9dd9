// Credentials on disk: what is refused and how it is said, and replacing them while connections come and go.
import Foundation
import Synchronization
import TLS
import TestCertificates
import Testing
import Units

/// A folder that goes away with the test.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(filePath: file), options: .atomic)
        return file
    }
}

@Suite struct CredentialTests {
    private let credentials = Credentials()

    private func refusal(
        certificate: [UInt8]? = nil, key: [UInt8]? = nil, authorities: [UInt8]? = nil
    ) throws -> (error: TLSConfigurationError?, folder: Folder) {
        let folder = try Folder()
        let settings = TLSConfiguration.server(
            certificate: .file(try folder.write("server.pem", certificate ?? credentials.server.chain)),
            key: .file(try folder.write("server.key", key ?? credentials.server.key)),
            clientAuthorities: .file(
                try folder.write("ca.pem", authorities ?? credentials.authority.certificate)))
        do throws(TLSConfigurationError) {
            _ = try TLSContext(.server, settings)
            return (nil, folder)
        } catch {
            return (error, folder)
        }
    }

    private func expect(
        _ refused: (error: TLSConfigurationError?, folder: Folder), in file: String,
        _ problem: (TLSConfigurationError.Problem) -> Bool, _ text: String, line: Int = #line
    ) throws {
        let error = try #require(refused.error)
        let location = SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
        #expect(error.place == refused.folder.path + "/" + file, sourceLocation: location)
        #expect(problem(error.problem), "\(error.problem)", sourceLocation: location)
        #expect(error.description.contains(text), "\(error)", sourceLocation: location)
        #expect(!error.advice.isEmpty, sourceLocation: location)
    }

    @Test func badCredentialsAreNamed() throws {
        let other = credentials.authority.issue("other", ["DNS:localhost"])
        let expired = credentials.authority.issue("old", [], validFrom: -2 * 86_400, until: -86_400)
        let early = credentials.authority.issue("early", [], validFrom: 86_400)
        let chain = credentials.server.chain
        #expect(try refusal().error == nil)
        try expect(
            refusal(key: other.key), in: "server.key", { $0 == .keyMismatch },
            "does not match the certificate")
        try expect(
            refusal(key: credentials.server.encryptedKey), in: "server.key", { $0 == .encryptedKey },
            "is encrypted")
        try expect(refusal(key: []), in: "server.key", { $0 == .missing }, "no private key is in it")
        try expect(
            refusal(key: credentials.server.key.dropLast(60) + Array("\n".utf8)), in: "server.key",
            { $0 == .notPEM || $0 == .missing }, "private key")
        try expect(refusal(certificate: []), in: "server.pem", { $0 == .missing }, "no certificate is in it")
        try expect(
            refusal(certificate: chain.dropLast(60)), in: "server.pem", { $0 == .notPEM },
            "cut short or damaged")
        try expect(
            refusal(certificate: chain + chain.dropLast(60)), in: "server.pem", { $0 == .notPEM },
            "after certificate 1")
        try expect(
            refusal(certificate: expired.chain, key: expired.key), in: "server.pem",
            { if case .expired = $0 { true } else { false } }, "the certificate expired on ")
        try expect(
            refusal(certificate: early.chain, key: early.key), in: "server.pem",
            { if case .notYetValid = $0 { true } else { false } }, "is not valid before")
        try expect(
            refusal(certificate: chain + other.chain), in: "server.pem", { $0 == .chainOutOfOrder },
            "not followed by the one that issued it")
        try expect(
            refusal(authorities: Array("junk".utf8)), in: "ca.pem", { $0 == .missing }, "no certificate")
        try expect(
            refusal(authorities: expired.chain), in: "ca.pem",
            { if case .expired = $0 { true } else { false } },
            "the authority expired")
    }

    @Test func aMissingFileIsNamed() throws {
        let settings = TLSConfiguration.server(
            certificate: .file("/nowhere/a.pem"), key: .file("/nowhere/a.key"))
        let error = #expect(throws: TLSConfigurationError.self) { try TLSContext(.server, settings) }
        #expect(error?.problem == .unreadable)
        #expect(
            error?.description.hasPrefix("/nowhere/a.pem: the certificate cannot be read: No such file")
                == true)
    }

    @Test func certificateAndKeyMayShareAFile() throws {
        let both = credentials.server.key + credentials.server.chain
        let context = try TLSContext(.server, .server(certificate: .pem(both), key: .pem(both)))
        let pair = try EnginePair(context, TLSContext(.client, credentials.clientSettings()))
        pair.shakeHands()
        #expect(pair.client.session.isEstablished)
    }

    @Test func expiryIsToldForTheMetric() throws {
        let settings = credentials.serverSettings(.required)
        let context = try TLSContext(.server, settings)
        let now = Int64(Date().timeIntervalSince1970)
        let leaf = try #require(context.certificateExpires).nanoseconds / 1_000_000_000
        let authorities = try #require(context.authoritiesExpire).nanoseconds / 1_000_000_000
        #expect(abs(leaf - now - 30 * 86_400) < 60)
        #expect(abs(authorities - now - 365 * 86_400) < 60)
    }

    /// Which certificate a new connection is shown.
    private func serial(_ store: TLSCredentials, _ client: TLSContext) throws -> String {
        let pair = try EnginePair(store.current, client)
        pair.shakeHands()
        return try #require(pair.client.session.peer?.serial)
    }

    @Test func aReloadTakesTheNewPairAndKeepsTheOldOneUntilItIsWhole() throws {
        let folder = try Folder()
        let settings = TLSConfiguration.server(
            certificate: .file(try folder.write("server.pem", credentials.server.chain)),
            key: .file(try folder.write("server.key", credentials.server.key)))
        let store = try TLSCredentials(.server, settings)
        var clientSettings = credentials.clientSettings()
        clientSettings.resumption = false
        let client = try TLSContext(.client, clientSettings)
        let first = try serial(store, client)
        #expect(!store.changedOnDisk())
        let living = try EnginePair(store.current, client)
        living.shakeHands()

        // The certificate is replaced first: a pair that does not match is not taken, and is not forgotten.
        let renewed = credentials.authority.issue("server", ["DNS:localhost"], until: 60 * 86_400)
        let firstExpiry = store.certificateExpires
        try folder.write("server.pem", renewed.chain)
        #expect(store.changedOnDisk())
        let error = #expect(throws: TLSConfigurationError.self) { try store.reload() }
        #expect(error?.problem == .keyMismatch)
        #expect(try serial(store, client) == first)
        #expect(store.changedOnDisk())
        #expect(store.certificateExpires == firstExpiry)

        try folder.write("server.key", renewed.key)
        try store.reload()
        #expect(!store.changedOnDisk())
        #expect(try serial(store, client) != first)
        #expect(store.certificateExpires != firstExpiry)

        // A file that is gone changes nothing either.
        try FileManager.default.removeItem(atPath: folder.path + "/server.key")
        #expect(store.changedOnDisk())
        #expect(throws: TLSConfigurationError.self) { try store.reload() }
        #expect(try serial(store, client) != first)

        // The connection that was there all along goes on.
        living.client.send([1, 2, 3])
        living.settle()
        #expect(living.server.received == [1, 2, 3])
    }

    @Test(arguments: TLSVersion.allCases)
    func clientsResumeAcrossAReload(_ version: TLSVersion) throws {
        let folder = try Folder()
        var settings = credentials.serverSettings(.required)
        settings.certificate = .file(try folder.write("server.pem", credentials.server.chain))
        settings.key = .file(try folder.write("server.key", credentials.server.key))
        settings.maximumVersion = version
        let store = try TLSCredentials(.server, settings)
        let client = try TLSContext(.client, credentials.clientSettings(showing: true))
        let first = try EnginePair(store.current, client)
        first.shakeHands()
        #expect(!first.server.session.isResumed)
        let renewed = credentials.authority.issue("server", ["DNS:localhost"])
        try folder.write("server.pem", renewed.chain)
        try folder.write("server.key", renewed.key)
        try store.reload()
        let second = try EnginePair(store.current, client)
        second.shakeHands()
        #expect(second.server.session.isResumed)
        #expect(second.server.session.peer?.uris == ["spiffe://test/client"])
    }

    /// Shards connect while the files are replaced under them: no connection fails.
    @Test func shardsConnectWhileCredentialsAreReplaced() throws {
        let folder = try Folder()
        var settings = credentials.serverSettings(.required)
        settings.certificate = .file(try folder.write("server.pem", credentials.server.chain))
        settings.key = .file(try folder.write("server.key", credentials.server.key))
        let store = try TLSCredentials(.server, settings)
        let client = try TLSContext(.client, credentials.clientSettings(showing: true))
        let failures = Mutex<[String]>([])
        let rounds = 40
        DispatchQueue.concurrentPerform(iterations: 4) { shard in
            for _ in 0..<rounds {
                do {
                    if shard == 0 { try store.reload() }
                    let pair = try EnginePair(store.current, client)
                    pair.shakeHands()
                    pair.client.send([1, 2, 3])
                    pair.settle()
                    let failure = pair.server.session.failure ?? pair.client.session.failure
                    if failure != nil || pair.server.received != [1, 2, 3] {
                        failures.withLock { $0.append("\(failure?.description ?? "lost data")") }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }
}
