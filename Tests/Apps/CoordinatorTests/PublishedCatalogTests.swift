// A catalog that is published and reaches whoever asks either coordinator, with real processes and a real Postgres.
import Foundation
import Glibc
import PostgresServer
import Synchronization
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct PublishedCatalogTests {
    @Test func everybodyIsToldAndFetchesTheSameBytes() throws {
        let pair = try Pair()
        let (leader, follower) = (try pair.leader(), try pair.follower())
        for one in pair.all {
            try pair.until("asked the database") { ask(one.port, "GET /v1/catalog")?.status == 404 }
            #expect(ask(one.port, "GET /v1/blobs/\(String(repeating: "0", count: 64))")?.status == 404)
        }
        // Seeded by an import; the bytes are those that `paceline catalog compile` makes.
        let first = try pair.admin("POST /api/v1/catalog/import", SmallCatalog.file, ["if-none-match: *"])
        #expect(first.status == 201 && first.etag == "\"1\"", "\(first.body)")
        let folder = pair.folder.appending(path: "catalog")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(SmallCatalog.file.utf8).write(to: folder.appending(path: "all.json"))
        let compiled = pair.folder.appending(path: "compiled")
        let made = try paceline(["catalog", "compile", folder.path(), "--output", compiled.path()])
        #expect(made.status == 0, "\(made.output)")
        let bytes = Array(try Data(contentsOf: compiled))
        var names: [String] = []
        for one in pair.all {
            try pair.until("told") { ask(one.port, "GET /v1/catalog")?.status == 200 }
            let told = try #require(ask(one.port, "GET /v1/catalog?have=7&wait=20")).json
            #expect(
                told["version"] as? Int == 1 && told["bytes"] as? Int == bytes.count
                    && told["format"] as? Int == 3)
            names.append(told["sha256"] as? String ?? "")
            let blob = try #require(ask(one.port, "GET /v1/blobs/\(names[0])"))
            #expect(blob.status == 200 && blob.bytes == bytes)
            #expect(blob.header("content-type") == "application/octet-stream")
        }
        #expect(names[0] == names[1])
        // Nothing new: not modified, when the time is over and not before.
        let begun = Date()
        let none = try #require(ask(follower.port, "GET /v1/catalog?have=1&wait=1"))
        #expect(none.status == 304 && none.bytes == [] && none.header("content-length") == nil)
        #expect((0.9...5).contains(Date().timeIntervalSince(begun)))
        for wrong in ["have=x", "have=-1", "wait=26", "wait=1.5"] {
            let answer = try #require(ask(leader.port, "GET /v1/catalog?\(wrong)"))
            #expect(answer.status == 400 && answer.json["field"] != nil, "\(wrong): \(answer.body)")
        }
        #expect(ask(leader.port, "PUT /v1/catalog")?.status == 405)
        #expect(ask(leader.port, "GET /v1/blobs/\(names[0].uppercased())")?.status == 400)

        // Who waits is told at once, by the one that does not lead too.
        let times = try pair.all.enumerated().map { index, one -> Double in
            // Whoever did not make the last change has heard of it first.
            let version = index + 1
            try pair.until("told of \(version)") {
                ask(one.port, "GET /v1/catalog")?.json["version"] as? Int == version
            }
            let told = Told()
            let thread = Thread {
                told.set(ask(one.port, "GET /v1/catalog?have=\(version)&wait=20")?.json["version"] as? Int)
            }
            thread.start()
            usleep(200_000)
            let change = try pair.admin(
                "PUT /api/v1/campaigns/summer-\(version)", SmallCatalog.campaign("summer-\(version)"),
                ["if-none-match: *"])
            let changed = Date()
            #expect(change.status == 201, "\(change.body)")
            try pair.until("told at once") { told.version != nil }
            #expect(told.version == version + 1)
            return Date().timeIntervalSince(changed)
        }
        print(
            "told \(times.map { Int($0 * 1_000) }) ms after the answer to the change, by the leader and the other"
        )
        #expect(times.allSatisfy { $0 < 1 })
        // The one before is still to be had, and the one before that is not.
        try pair.until("told of 3") { ask(follower.port, "GET /v1/catalog")?.json["version"] as? Int == 3 }
        let two = try pair.sql("select encode(sha256, 'hex') from paceline.catalog_versions order by number")
        #expect(ask(follower.port, "GET /v1/blobs/\(two[1][0])")?.status == 200)
        #expect(ask(follower.port, "GET /v1/blobs/\(two[0][0])")?.status == 404)
        // Accounts are those of what is published, without any directory.
        try pair.until("opened") { try pair.sql("select count(*) from paceline.accounts") == [["4"]] }
        // A coordinator that leaves lets go of who waits for it.
        let told = Told()
        let thread = Thread { told.set(ask(follower.port, "GET /v1/catalog?have=3&wait=25")?.status) }
        thread.start()
        usleep(200_000)
        follower.kill(SIGTERM)
        #expect(follower.end() == 0, "\(follower.log)")
        try pair.until("let go") { told.version == 304 }

        // Without its database it tells what it knew, and how old that is.
        func age(_ wait: Int) -> Int? {
            let answer = ask(leader.port, "GET /v1/catalog?have=\(wait == 0 ? 2 : 3)&wait=\(wait)")
            guard answer?.status == (wait == 0 ? 200 : 304) else { return nil }
            return answer?.header("age").flatMap { Int($0) }
        }
        try pair.until("fresh") { (age(0) ?? .max) <= 1 }
        pair.database.kill()
        try pair.until("older, each second") { (age(0) ?? 0) >= 3 }
        #expect((age(1) ?? 0) >= 4)
        try pair.database.start()
        try pair.until("fresh again") { (age(0) ?? .max) <= 1 }
    }

    private final class Told: Sendable {
        private let value = Mutex<Int?>(nil)
        var version: Int? { value.withLock { $0 } }
        func set(_ version: Int?) { value.withLock { $0 = version } }
    }
}
