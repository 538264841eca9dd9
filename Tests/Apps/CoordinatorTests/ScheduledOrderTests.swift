// Scheduled changes where the database does not do as it should: none overtakes another that could not be made, and one whose commit was
// not heard of is counted as any other.
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

    /// The commit waits for a standby that is not there, and its connection is ended: it is written, and the leader does not know.
    @Test func whatWasMadeWithoutAWordIsCounted() throws {
        let pair = try Self.seeded()
        let leader = try pair.leader()
        _ = try pair.sql("alter system set synchronous_standby_names = 'nobody'")
        _ = try pair.sql(
            """
            create function part() returns trigger language plpgsql as $$ begin
                perform pg_reload_conf(), pg_sleep(0.5);
                return new;
            end $$;
            create trigger part before update on paceline.scheduled_changes for each row execute function part()
            """)
        let answer = try pair.admin(
            "POST /api/v1/catalog/pause?at=\(Self.at(2))", #"{"campaign": "winter"}"#)
        #expect(answer.status == 202, "\(answer.body)")
        let ended = try pair.sql(
            """
            do $$ begin
                for turn in 1..6000 loop
                    perform pg_terminate_backend(a.pid) from pg_stat_activity a join pg_locks l on l.pid = a.pid
                        where a.wait_event = 'SyncRep' and l.relation = 'paceline.scheduled_changes'::regclass
                            and l.mode = 'RowExclusiveLock';
                    if found then raise notice 'ended'; return; end if;
                    perform pg_stat_clear_snapshot(), pg_sleep(0.005);
                end loop;
                raise exception 'no commit waited';
            end $$
            """)
        _ = try pair.sql("alter system reset synchronous_standby_names")
        _ = try pair.sql("select pg_reload_conf()")
        #expect(try Self.states(pair) == ["made"], "\(ended)")
        let made = #"paceline_scheduled_changes_total{outcome="made"}"#
        try pair.until("counted", 20) { leader.metric(made) == 1 }
        #expect(leader.leads && leader.metric("paceline_scheduled_late_seconds_count") == 1)
        let lines = leader.log.split(separator: "\n")
        #expect(lines.filter { $0.contains("a scheduled change is made") }.count == 1, "\(leader.log)")
        #expect(
            lines.filter { $0.contains("a change was made") && $0.contains("pause as scheduled 1") }.count
                == 1)
        #expect(
            try pair.sql("select what from paceline.catalog_versions where number > 1")
                == [["pause as scheduled 1"]])
        // What is so already is no version.
        _ = try pair.sql("drop trigger part on paceline.scheduled_changes")
        let again = try pair.admin(
            "POST /api/v1/catalog/pause?at=\(Self.at(2))", #"{"campaign": "winter"}"#)
        #expect(again.status == 202, "\(again.body)")
        try pair.until("counted", 20) { leader.metric(made) == 2 }
        let last = leader.log.split(separator: "\n").last { $0.contains("pause as scheduled 2") } ?? ""
        #expect(last.contains("scheduled") && !last.contains("version"), "\(last)")
    }
}
