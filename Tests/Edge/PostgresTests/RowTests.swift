// Every type there and back, with psql as the oracle; statements that do not fit; what is prepared once.
import Kernel
import PostgresServer
import Testing
import Units

@testable import Postgres

@Suite(.enabled(if: hasPostgres, needs), .serialized)
struct RowTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var value: PostgresValue
        /// As psql writes it; nil for NULL.
        var text: String
        var cast: String
        var testDescription: String { "\(cast) \(text.prefix(40))" }
    }

    static let cases: [Case] = [
        .init(value: .bool(true), text: "true", cast: "bool"),
        .init(value: .bool(false), text: "false", cast: "bool"),
        .init(value: .int4(.min), text: "-2147483648", cast: "int4"),
        .init(value: .int8(.max), text: "9223372036854775807", cast: "int8"),
        .init(value: .int8(.min), text: "-9223372036854775808", cast: "int8"),
        .init(value: .text(""), text: "", cast: "text"),
        .init(value: .text("naïve ☃ 'q' \\"), text: "naïve ☃ 'q' \\", cast: "text"),
        .init(value: .bytea([]), text: "\\x", cast: "bytea"),
        .init(value: .bytea([0, 255, 39, 92]), text: "\\x00ff275c", cast: "bytea"),
        .init(
            value: .timestamptz(Instant(nanoseconds: 0)), text: "1970-01-01 00:00:00+00", cast: "timestamptz"),
        .init(
            value: .timestamptz(Instant(nanoseconds: 1_795_000_000_123_456_000)),
            text: "2026-11-18 11:06:40.123456+00", cast: "timestamptz"),
        .init(
            value: .timestamptz(Instant(nanoseconds: -1_000)), text: "1969-12-31 23:59:59.999999+00",
            cast: "timestamptz"),
        .init(
            value: .uuid(PostgresUUID(bits: 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF)),
            text: "00112233-4455-6677-8899-aabbccddeeff", cast: "uuid"),
        .init(value: .int8Array([]), text: "{}", cast: "int8[]"),
        .init(value: .int8Array([1, nil, -3]), text: "{1,NULL,-3}", cast: "int8[]"),
        .init(
            value: .textArray(["a", nil, "", "NULL", "b,c"]), text: "{a,NULL,\"\",\"NULL\",\"b,c\"}",
            cast: "text[]"),
        .init(
            value: .byteaArray([[1, 2], nil, []]), text: "{\"\\\\x0102\",NULL,\"\\\\x\"}", cast: "bytea[]"),
    ]

    @Test func everyTypeThereAndBack() throws {
        let server = try sharedServer()
        var options = options(server)
        options.settings = [("TimeZone", "UTC")]
        let bench = try Bench(options)
        for one in Self.cases {
            var batch = PostgresBatch()
            guard let type = one.value.type else { continue }
            // The server's own text of what we sent, and what we sent once more, in binary.
            batch.add(
                PostgresStatement("select $1::\(one.cast)::text, $1::\(one.cast)", type), values: [one.value])
            let row = try bench.run(batch).rows()[0][0]
            #expect(try row.read(0, as: String.self) == one.text)
            let oracle = try server.psql(
                "set timezone = 'UTC'; select \(Self.quoted(one.text))::\(one.cast)::text"
            ).output
            #expect(oracle == one.text, "psql writes the same")
            #expect(try Self.back(row, type) == one.value)
            batch = PostgresBatch()
            batch.add(PostgresStatement("select $1::\(one.cast)", type), .null)
            let nothing = try bench.run(batch).rows()[0][0]
            #expect(nothing.isNull(0))
            #expect(throws: PostgresMismatch.self) { try nothing.read(0, as: String.self) }
            #expect(try nothing.read(0, as: Int64?.self) == nil)
        }
    }

    private static func quoted(_ text: String) -> String { "$q$\(text)$q$" }

    private static func back(_ row: PostgresRow, _ type: PostgresType) throws -> PostgresValue {
        switch type {
        case .bool: .bool(try row.read(1))
        case .int4: .int4(try row.read(1))
        case .int8: .int8(try row.read(1))
        case .text: .text(try row.read(1))
        case .bytea: .bytea(try row.read(1))
        case .timestamptz: .timestamptz(try row.read(1))
        case .uuid: .uuid(try row.read(1))
        case .int8Array: .int8Array(try row.read(1))
        case .textArray: .textArray(try row.read(1))
        case .byteaArray: .byteaArray(try row.read(1))
        }
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let bench = try Bench(options(try sharedServer()))
        var batch = PostgresBatch()
        batch.add(PostgresStatement("select $1", .int8), .text("x"))
        #expect(
            "\(try bench.run(batch).failure!)"
                == "not sent to the database: $1 of \"select $1\" is int8, not text")
        batch = PostgresBatch()
        batch.add(PostgresStatement("select $1", .int8))
        #expect(try bench.run(batch).failure == .misuse("0 values for the 1 of \"select $1\""))
        let rows = try bench.run("select 1::int8 as n, 1.5::numeric as d, array[array[1,2]]::int8[] as m")
            .rows()[0][0]
        #expect(throws: PostgresMismatch.self) { try rows.read(0, as: Int32.self) }
        #expect(throws: PostgresMismatch.self) { try rows.read(1, as: Int64.self) }
        #expect(throws: PostgresMismatch.self) { try rows.read(2, as: [Int64].self) }
        do {
            _ = try rows.read(0, as: String.self)
        } catch {
            #expect(
                "\(error)"
                    == "the database's column 0 (n) is int8, where String was expected; cast it in the statement"
            )
        }
    }

    @Test func aStatementIsPreparedOnce() throws {
        let server = try sharedServer()
        var options = options(server)
        options.connections = 1
        options.statements = 12
        let bench = try Bench(options)
        let statement = PostgresStatement("select $1 + 1", .int8)
        for number in 0..<5 {
            var batch = PostgresBatch()
            batch.add(statement, .int8(Int64(number)))
            batch.add(statement, .int8(7))
            #expect(try bench.run(batch).rows()[0][0].read(0, as: Int.self) == number + 1)
        }
        let count = try bench.run(
            "select count(*) from pg_prepared_statements where statement like 'select $1 + 1'"
        ).rows()
        #expect(try count[0][0].read(0, as: Int.self) == 1)
        var refused: PostgresFailure?
        for number in 0..<20 where refused == nil { refused = try bench.run("select \(number)").failure }
        guard case .misuse? = refused else {
            Issue.record("texts made from values are found out, not \(String(describing: refused))")
            return
        }
    }

    @Test func anErrorInTheMiddleOfAPipeline() throws {
        let server = try sharedServer()
        try server.psql("drop table if exists middle; create table middle (id int8 primary key)")
        var options = options(server)
        options.connections = 1
        let bench = try Bench(options)
        let insert = PostgresStatement("insert into middle values ($1)", .int8)
        for (begins, after) in [(true, "0"), (false, "0")] {
            var batch = PostgresBatch(begins: begins, commits: begins)
            for id: Int64 in [1, 2, 2, 3] { batch.add(insert, .int8(id)) }
            let outcome = try bench.run(batch)
            #expect(outcome.word == "refused")
            #expect(outcome.state == "23505")
            #expect(try server.psql("select count(*) from middle").output == after, "all or nothing")
        }
        // A text that cannot be prepared, before one that can: which is then prepared when it is next met.
        var batch = PostgresBatch()
        batch.add(PostgresStatement("selekt"))
        batch.add(PostgresStatement("select 5::int4"))
        #expect(try bench.run(batch).state == "42601")
        #expect(try bench.run("select 5::int4").rows()[0][0].read(0, as: Int32.self) == 5)
        #expect(bench.pool.connectionCount == 1)
    }

    @Test func arraysForBatches() throws {
        let server = try sharedServer()
        try server.psql(
            "drop table if exists many; create table many (id int8 primary key, name text, key bytea)")
        let bench = try Bench(options(server))
        var batch = PostgresBatch()
        batch.add(
            PostgresStatement(
                "insert into many select * from unnest($1, $2, $3)", .int8Array, .textArray, .byteaArray),
            .int8Array((0..<5_000).map { $0 }), .textArray((0..<5_000).map { $0 % 3 == 0 ? nil : "n\($0)" }),
            .byteaArray((0..<5_000).map { [UInt8(truncatingIfNeeded: $0), 1] }))
        #expect(try bench.run(batch).rows()[0].affected == 5_000)
        let oracle = try server.psql(
            "select count(*), sum(id), count(name), max(encode(key, 'hex')) from many"
        ).output
        #expect(oracle == "5000|12497500|3333|ff01")
        let rows = try bench.run("select array_agg(id order by id), array_agg(name order by id) from many")
            .rows()[0][0]
        #expect(try rows.read(0, as: [Int64].self) == (0..<5_000).map { $0 })
        #expect(try rows.read(1, as: [String?].self)[3...4] == [nil, "n4"])
    }
}
