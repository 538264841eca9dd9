// A ledger whose batches have their numbers in a real etcd: a promotion that lost nothing is not audited, one that lost something is, and
// without etcd nothing is granted.
import EtcdServer
import Foundation
import PostgresServer
import Synchronization
import Testing

@Suite(
    .enabled(if: postgresPrograms != nil && etcdProgram != nil, "\(needsPostgres); \(needsEtcd)"), .serialized
)
struct BatchNumberTests {
    private static let budget = #"{"campaign":"winter","currency":"USD","budget":100,"highest":0.05}"#

    private final class Answered: Sendable { let held = Mutex(false) }

    /// A pair whose broker-0 has been granted two of a hundred.
    private func granted(_ etcd: EtcdServer) throws -> (Pair, Speaker, session: String) {
        let members = [["address": "127.0.0.1", "port": Int(etcd.port)] as [String: Any]]
        let pair = try Pair(more: ["numbers": ["etcd": members, "timeoutMilliseconds": 500] as [String: Any]])
        #expect(try pair.order("open", Self.budget).status == 201)
        let speaker = Speaker(name: "broker-0", port: try pair.leader().port)
        let session = try speaker.opens()
        #expect(speaker.granted(session, upTo: 2) == 2)
        return (pair, speaker, session)
    }

    /// Asks whoever leads, until so much is granted.
    private func soonGranted(_ pair: Pair, _ session: String, upTo: Double) throws {
        try Spending.until("\(upTo) are granted") {
            guard let leader = pair.all.first(where: \.leads) else { return false }
            return Speaker(name: "broker-0", port: leader.port).granted(session, upTo: upTo) == upTo
        }
    }

    @Test func aPromotionThatLostNothingIsNotAudited() throws {
        let etcd = try EtcdServer()
        let (pair, _, session) = try granted(etcd)
        try pair.database.promoteWithAll()
        // Five of the holders have never said a word, and nobody waits for them.
        try soonGranted(pair, session, upTo: 5)
        let said = try pair.admin("GET /api/v1/ledger/audit").json
        #expect(said["audit"] as? String == "0" && said["waitsFor"] as? [String] == [], "\(said)")
        #expect(
            try pair.sql("select t.line = c.line from paceline.timeline t, paceline.current_timeline() c")
                == [["t"]])
        // And another one, with the numbers of another leader.
        try pair.leader().kill(SIGKILL)
        try soonGranted(pair, session, upTo: 6)
        try pair.database.promoteWithAll()
        try soonGranted(pair, session, upTo: 7)
        #expect(try pair.admin("GET /api/v1/ledger/audit").json["audit"] as? String == "0")
        try Spending.isQuiet(pair)
    }

    @Test func aPromotionThatLostSomethingIsAudited() throws {
        let etcd = try EtcdServer()
        let (pair, _, session) = try granted(etcd)
        try pair.database.keepCopy()
        // By the other coordinator, which takes over again where it has led already, in what is lost.
        try pair.leader().kill(SIGKILL)
        try soonGranted(pair, session, upTo: 8)
        try pair.database.putCopyBack()
        _ = try pair.leader()
        try pair.until("the audit waits for all") {
            let said = try pair.admin("GET /api/v1/ledger/audit").json
            return (said["waitsFor"] as? [String])?.count == 6
        }
    }

    /// The last copy is put back as it was, without a promotion: no timeline tells of it.
    @Test func aDumpThatIsPutBackIsFound() throws {
        let etcd = try EtcdServer()
        let (pair, _, session) = try granted(etcd)
        _ = try pair.sql("create table public.kept as select * from paceline.streams")
        try soonGranted(pair, session, upTo: 8)
        _ = try pair.sql(
            "update paceline.streams s set number = k.number from public.kept k where k.stream = s.stream")
        try pair.leader().kill(SIGKILL)
        try pair.until("the audit waits for all") {
            let said = try pair.admin("GET /api/v1/ledger/audit").json
            return (said["waitsFor"] as? [String])?.count == 6
        }
    }

    @Test func withoutEtcdNothingIsGranted() throws {
        let etcd = try EtcdServer()
        let (pair, speaker, session) = try granted(etcd)
        etcd.stop()
        // The database has it, and nobody is answered.
        let answered = Answered()
        Thread.detachNewThread {
            if speaker.granted(session, upTo: 3) == nil { return }
            answered.held.withLock { $0 = true }
        }
        try pair.until("the database has what is not answered") {
            try pair.sql("select granted from paceline.cells") == [["3000000"]]
        }
        try pair.until("the leader says why") {
            pair.all.contains { ask($0.admin, "GET /readyz")?.body.contains("nothing is granted") ?? false }
        }
        #expect(!answered.held.withLock { $0 })
        try etcd.start()
        try soonGranted(pair, session, upTo: 3)
        // Whoever reads that its leaders have kept numbers, and finds none, knows nothing.
        try etcd.forget()
        try etcd.start()
        try pair.until("the audit waits for all") {
            let said = try pair.admin("GET /api/v1/ledger/audit").json
            return (said["waitsFor"] as? [String])?.count == 6
        }
    }
}
