// Scheduled changes where the database does not do as it should: none overtakes another that could not be made.
import Catalog
import Foundation
import Glibc
import PostgresServer
import Testing
import Units

@testable import paceline_coordinator

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ScheduledOrderTests {
    private static func at(_ seconds: Double) -> String {
        Timestamp.text(
            Instant(nanoseconds: Int64((Date().timeIntervalSince1970 + seconds).rounded()) * 1_000_000_000))
    }

    private static func seeded() throws -> Pair {
        let pair = try Pair()
        let made = try pair.admin("POST /api/v1/catalog/import", SmallCatalog.file, ["if-none-match: *"])
        #expect(made.status == 201, "\(made.body)")
        return pair
    }

    private static func states(_ pair: Pair) throws -> [String] {
        try pair.sql("select state from paceline.scheduled_changes order by number").map { $0[0] }
    }

    @Test func nothingOvertakesWhatCouldNotBeMade() throws {
        let pair = try Self.seeded()
        let leader = try pair.leader()
        _ = try pair.sql(
            """
            create function hinder() returns trigger language plpgsql as $$ begin
                if old.number = 2 then raise exception 'hindered'; end if;
                return new;
            end $$;
            create trigger hinder before update on paceline.scheduled_changes for each row execute function hinder();
            -- One of a newer version, which nobody here can read, is first.
            insert into paceline.scheduled_changes (number, due, deed, body, condition, who, note, made_at, state)
                values (1, now(), 'put', '', 'nothing', 'somebody', '', now(), 'waiting')
            """)
        let time = Self.at(2)
        for what in ["pause", "resume"] {
            let answer = try pair.admin("POST /api/v1/catalog/\(what)?at=\(time)", #"{"campaign": "winter"}"#)
            #expect(answer.status == 202, "\(answer.body)")
        }
        try pair.until("hindered", 20) { leader.log.contains("hindered") }
        // Several looks later the resume still waits behind its pause.
        sleep(3)
        #expect(try Self.states(pair) == ["waiting", "waiting", "waiting"])
        _ = try pair.sql("drop trigger hinder on paceline.scheduled_changes")
        try pair.until("made", 30) { try Self.states(pair) == ["waiting", "made", "made"] }
        #expect(
            try pair.sql("select what from paceline.catalog_versions where number > 1 order by number")
                == [["pause as scheduled 2"], ["resume as scheduled 3"]])
        #expect(try pair.admin("GET /api/v1/campaigns/winter").json["paused"] as? Bool != true)
        // It does not hold up the others, and the log says which it is.
        #expect(leader.log.contains("scheduled change 1 is not one of this version's"))
    }
}
