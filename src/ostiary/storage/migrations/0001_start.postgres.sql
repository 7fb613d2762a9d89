-- One table a kind: id, version, what lists and indexes see, and the value as JSON (data) in a numbered format.
-- Times are microseconds since 1970. Texts are compared by code point (COLLATE "C"), however the database was made: so
-- lists have one order on every store. Tables whose rows change in place leave room for that on their pages.

CREATE TABLE generation (id bigint PRIMARY KEY CHECK (id = 0), value bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO generation (id, value) VALUES (0, 1);

CREATE TABLE counter (
    key text COLLATE "C" PRIMARY KEY, value bigint NOT NULL, expires_at bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, actor_id text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL, object_id text COLLATE "C" NOT NULL, detail bytea NOT NULL
);

CREATE TABLE outbox (
    id text COLLATE "C" PRIMARY KEY, kind text COLLATE "C" NOT NULL, due_at bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0, leased_until bigint NOT NULL DEFAULT 0, sealed bytea NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX outbox_due ON outbox (due_at);

-- Who writes. A process holds a node number, which keeps its ids apart from those of others, and a row of it for each
-- connection that it writes by. Each commit notes its mark there: so a commit of unknown outcome is found out about, and
-- one of a process whose number was given to another is refused.
CREATE TABLE writer (
    node bigint NOT NULL, slot bigint NOT NULL, holder text COLLATE "C" NOT NULL, mark bigint NOT NULL,
    looked bigint NOT NULL DEFAULT 0, renewed_at timestamptz NOT NULL, PRIMARY KEY (node, slot)
) WITH (fillfactor = 10);

CREATE TABLE instance (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);

CREATE TABLE organization (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, name text COLLATE "C" NOT NULL,
    primary_domain text COLLATE "C" NOT NULL UNIQUE, state text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);

CREATE TABLE policy (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, owner text COLLATE "C" NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX policy_owner ON policy (owner);

CREATE TABLE "user" (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, organization_id text COLLATE "C" NOT NULL,
    username text COLLATE "C" NOT NULL, login_name text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL, given_name text COLLATE "C" NOT NULL, family_name text COLLATE "C" NOT NULL,
    nick_name text COLLATE "C" NOT NULL, display_name text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL,
    phone text COLLATE "C" NOT NULL, created_at bigint NOT NULL, username_folded text COLLATE "C" NOT NULL,
    login_name_folded text COLLATE "C" NOT NULL, email_folded text COLLATE "C" NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX user_organization ON "user" (organization_id, id);
CREATE INDEX user_created ON "user" (created_at, id);
CREATE INDEX user_username ON "user" (username);
CREATE INDEX user_username_folded ON "user" (username_folded);
CREATE INDEX user_login_name ON "user" (login_name);
CREATE INDEX user_login_name_folded ON "user" (login_name_folded);
CREATE INDEX user_email ON "user" (email);
CREATE INDEX user_email_folded ON "user" (email_folded);
CREATE INDEX user_phone ON "user" (phone) WHERE phone <> '';

CREATE TABLE login_name (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX login_name_user ON login_name (user_id);

CREATE TABLE authenticator (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL, lookup_hash text COLLATE "C" UNIQUE, format bigint NOT NULL DEFAULT 1,
    data bytea NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX authenticator_user ON authenticator (user_id, id);

CREATE TABLE user_metadata (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL, value_hash text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX user_metadata_user ON user_metadata (user_id, key);
CREATE INDEX user_metadata_key ON user_metadata (key, value_hash);
CREATE INDEX user_metadata_value ON user_metadata (value_hash);

CREATE TABLE personal_access_token (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL, created_at bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX personal_access_token_user ON personal_access_token (user_id, id);

CREATE TABLE verification_code (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX verification_code_user ON verification_code (user_id, id);

CREATE TABLE membership (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    resource text COLLATE "C" NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX membership_user ON membership (user_id, id);
CREATE INDEX membership_resource ON membership (resource, id);

CREATE TABLE session (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    creator_id text COLLATE "C" NOT NULL, fingerprint_id text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
    expires_at bigint, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
) WITH (fillfactor = 85);
-- Ids grow with time, so lists in order of creation are lists in order of ids.
CREATE INDEX session_user_id ON session (user_id, id);
CREATE INDEX session_creator ON session (creator_id, id);
CREATE INDEX session_fingerprint ON session (fingerprint_id, id) WHERE fingerprint_id <> '';
CREATE INDEX session_created ON session (created_at);
CREATE INDEX session_expires ON session (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE ended_session (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    ended_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX ended_session_user ON ended_session (user_id, ended_at);
CREATE INDEX ended_session_ended ON ended_session (ended_at);

CREATE TABLE idempotent_answer (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX idempotent_answer_expires ON idempotent_answer (expires_at);

-- Unicode's full case folding, letter for letter as Python's str.casefold: texts without regard to case must be found
-- alike on every store, and what PostgreSQL calls lower() depends on how its database was made.

-- Latin, Greek, Cyrillic and Armenian first: translate() looks through all it knows for each letter.
CREATE FUNCTION fold_letters(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    folded text := translate(given,
        'µÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸ'
        'ŹŻŽſƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢ'
        'ȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͅͰͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫςϏϐϑϕϖϘϚϜϞϠϢϤϦϨϪϬϮϰϱϴϵϷϹϺϽϾϿЀЁЂ'
        'ЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀ'
        'ӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓ'
        'ՔՕՖ',
        'μàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿ'
        'źżžsɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣ'
        'ȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏιͱͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋσϗβθφπϙϛϝϟϡϣϥϧϩϫϭϯκρθεϸϲϻͻͼͽѐёђ'
        'ѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏ'
        'ӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփ'
        'քօֆ');
    longer text[] := ARRAY[
        'ß', 'İ', 'ŉ', 'ǰ', 'ΐ', 'ΰ', 'և'
    ];
    longer_folded text[] := ARRAY[
        'ss', 'i̇', 'ʼn', 'ǰ', 'ΐ', 'ΰ', 'եւ'
    ];
BEGIN
    FOR n IN 1 .. cardinality(longer) LOOP
        folded := replace(folded, longer[n], longer_folded[n]);
    END LOOP;
    IF folded ~ '[^\u0001-\u058F]' THEN
        folded := fold_other_letters(folded);
    END IF;
    RETURN folded;
END
$$;

CREATE FUNCTION fold_other_letters(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    folded text := translate(given,
        'ႠႡႢႣႤႥႦႧႨႩႪႫႬႭႮႯႰႱႲႳႴႵႶႷႸႹႺႻႼႽႾႿჀჁჂჃჄჅჇჍᏸᏹᏺᏻᏼᏽᲀᲁᲂᲃᲄᲅᲆᲇᲈᲐᲑᲒᲓᲔᲕᲖᲗᲘᲙᲚᲛᲜᲝᲞᲟᲠᲡᲢᲣᲤᲥᲦᲧᲨᲩᲪᲫᲬᲭᲮᲯᲰᲱᲲ'
        'ᲳᲴᲵᲶᲷᲸᲹᲺᲽᲾᲿḀḂḄḆḈḊḌḎḐḒḔḖḘḚḜḞḠḢḤḦḨḪḬḮḰḲḴḶḸḺḼḾṀṂṄṆṈṊṌṎṐṒṔṖṘṚṜṞṠṢṤṦṨṪṬṮṰṲṴṶṸṺṼṾẀẂẄẆẈẊẌẎẐẒẔẛẠẢẤ'
        'ẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸỺỼỾἈἉἊἋἌἍἎἏἘἙἚἛἜἝἨἩἪἫἬἭἮἯἸἹἺἻἼἽἾἿὈὉὊὋὌὍὙὛὝὟὨὩὪὫὬ'
        'ὭὮὯᾸᾹᾺΆιῈΈῊΉῘῙῚΊῨῩῪΎῬῸΌῺΏΩKÅℲⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅬⅭⅮⅯↃⒶⒷⒸⒹⒺⒻⒼⒽⒾⒿⓀⓁⓂⓃⓄⓅⓆⓇⓈⓉⓊⓋⓌⓍⓎⓏⰀⰁⰂⰃⰄⰅⰆⰇⰈⰉⰊⰋⰌⰍⰎⰏⰐⰑ'
        'ⰒⰓⰔⰕⰖⰗⰘⰙⰚⰛⰜⰝⰞⰟⰠⰡⰢⰣⰤⰥⰦⰧⰨⰩⰪⰫⰬⰭⰮⰯⱠⱢⱣⱤⱧⱩⱫⱭⱮⱯⱰⱲⱵⱾⱿⲀⲂⲄⲆⲈⲊⲌⲎⲐⲒⲔⲖⲘⲚⲜⲞⲠⲢⲤⲦⲨⲪⲬⲮⲰⲲⲴⲶⲸⲺⲼⲾⳀⳂⳄⳆⳈⳊⳌⳎⳐⳒⳔⳖⳘ'
        'ⳚⳜⳞⳠⳢⳫⳭⳲꙀꙂꙄꙆꙈꙊꙌꙎꙐꙒꙔꙖꙘꙚꙜꙞꙠꙢꙤꙦꙨꙪꙬꚀꚂꚄꚆꚈꚊꚌꚎꚐꚒꚔꚖꚘꚚꜢꜤꜦꜨꜪꜬꜮꜲꜴꜶꜸꜺꜼꜾꝀꝂꝄꝆꝈꝊꝌꝎꝐꝒꝔꝖꝘꝚꝜꝞꝠꝢꝤꝦꝨꝪꝬꝮꝹꝻꝽꝾꞀꞂꞄ'
        'ꞆꞋꞍꞐꞒꞖꞘꞚꞜꞞꞠꞢꞤꞦꞨꞪꞫꞬꞭꞮꞰꞱꞲꞳꞴꞶꞸꞺꞼꞾꟀꟂꟄꟅꟆꟇꟉꟐꟖꟘꟵꭰꭱꭲꭳꭴꭵꭶꭷꭸꭹꭺꭻꭼꭽꭾꭿꮀꮁꮂꮃꮄꮅꮆꮇꮈꮉꮊꮋꮌꮍꮎꮏꮐꮑꮒꮓꮔꮕꮖꮗꮘꮙꮚꮛꮜꮝꮞꮟꮠ'
        'ꮡꮢꮣꮤꮥꮦꮧꮨꮩꮪꮫꮬꮭꮮꮯꮰꮱꮲꮳꮴꮵꮶꮷꮸꮹꮺꮻꮼꮽꮾꮿＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ𐐀𐐁𐐂𐐃𐐄𐐅𐐆𐐇𐐈𐐉𐐊𐐋𐐌𐐍𐐎𐐏𐐐𐐑𐐒𐐓𐐔𐐕𐐖𐐗𐐘𐐙𐐚𐐛𐐜𐐝𐐞𐐟𐐠'
        '𐐡𐐢𐐣𐐤𐐥𐐦𐐧𐒰𐒱𐒲𐒳𐒴𐒵𐒶𐒷𐒸𐒹𐒺𐒻𐒼𐒽𐒾𐒿𐓀𐓁𐓂𐓃𐓄𐓅𐓆𐓇𐓈𐓉𐓊𐓋𐓌𐓍𐓎𐓏𐓐𐓑𐓒𐓓𐕰𐕱𐕲𐕳𐕴𐕵𐕶𐕷𐕸𐕹𐕺𐕼𐕽𐕾𐕿𐖀𐖁𐖂𐖃𐖄𐖅𐖆𐖇𐖈𐖉𐖊𐖌𐖍𐖎𐖏𐖐𐖑𐖒𐖔𐖕𐲀𐲁𐲂𐲃𐲄𐲅𐲆𐲇𐲈𐲉𐲊𐲋'
        '𐲌𐲍𐲎𐲏𐲐𐲑𐲒𐲓𐲔𐲕𐲖𐲗𐲘𐲙𐲚𐲛𐲜𐲝𐲞𐲟𐲠𐲡𐲢𐲣𐲤𐲥𐲦𐲧𐲨𐲩𐲪𐲫𐲬𐲭𐲮𐲯𐲰𐲱𐲲𑢠𑢡𑢢𑢣𑢤𑢥𑢦𑢧𑢨𑢩𑢪𑢫𑢬𑢭𑢮𑢯𑢰𑢱𑢲𑢳𑢴𑢵𑢶𑢷𑢸𑢹𑢺𑢻𑢼𑢽𑢾𑢿𖹀𖹁𖹂𖹃𖹄𖹅𖹆𖹇𖹈𖹉𖹊𖹋𖹌𖹍𖹎𖹏𖹐𖹑𖹒'
        '𖹓𖹔𖹕𖹖𖹗𖹘𖹙𖹚𖹛𖹜𖹝𖹞𖹟𞤀𞤁𞤂𞤃𞤄𞤅𞤆𞤇𞤈𞤉𞤊𞤋𞤌𞤍𞤎𞤏𞤐𞤑𞤒𞤓𞤔𞤕𞤖𞤗𞤘𞤙𞤚𞤛𞤜𞤝𞤞𞤟𞤠𞤡',
        'ⴀⴁⴂⴃⴄⴅⴆⴇⴈⴉⴊⴋⴌⴍⴎⴏⴐⴑⴒⴓⴔⴕⴖⴗⴘⴙⴚⴛⴜⴝⴞⴟⴠⴡⴢⴣⴤⴥⴧⴭᏰᏱᏲᏳᏴᏵвдосттъѣꙋაბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰჱჲ'
        'ჳჴჵჶჷჸჹჺჽჾჿḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕṡạảấ'
        'ầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹỻỽỿἀἁἂἃἄἅἆἇἐἑἒἓἔἕἠἡἢἣἤἥἦἧἰἱἲἳἴἵἶἷὀὁὂὃὄὅὑὓὕὗὠὡὢὣὤ'
        'ὥὦὧᾰᾱὰάιὲέὴήῐῑὶίῠῡὺύῥὸόὼώωkåⅎⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻⅼⅽⅾⅿↄⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙⓚⓛⓜⓝⓞⓟⓠⓡⓢⓣⓤⓥⓦⓧⓨⓩⰰⰱⰲⰳⰴⰵⰶⰷⰸⰹⰺⰻⰼⰽⰾⰿⱀⱁ'
        'ⱂⱃⱄⱅⱆⱇⱈⱉⱊⱋⱌⱍⱎⱏⱐⱑⱒⱓⱔⱕⱖⱗⱘⱙⱚⱛⱜⱝⱞⱟⱡɫᵽɽⱨⱪⱬɑɱɐɒⱳⱶȿɀⲁⲃⲅⲇⲉⲋⲍⲏⲑⲓⲕⲗⲙⲛⲝⲟⲡⲣⲥⲧⲩⲫⲭⲯⲱⲳⲵⲷⲹⲻⲽⲿⳁⳃⳅⳇⳉⳋⳍⳏⳑⳓⳕⳗⳙ'
        'ⳛⳝⳟⳡⳣⳬⳮⳳꙁꙃꙅꙇꙉꙋꙍꙏꙑꙓꙕꙗꙙꙛꙝꙟꙡꙣꙥꙧꙩꙫꙭꚁꚃꚅꚇꚉꚋꚍꚏꚑꚓꚕꚗꚙꚛꜣꜥꜧꜩꜫꜭꜯꜳꜵꜷꜹꜻꜽꜿꝁꝃꝅꝇꝉꝋꝍꝏꝑꝓꝕꝗꝙꝛꝝꝟꝡꝣꝥꝧꝩꝫꝭꝯꝺꝼᵹꝿꞁꞃꞅ'
        'ꞇꞌɥꞑꞓꞗꞙꞛꞝꞟꞡꞣꞥꞧꞩɦɜɡɬɪʞʇʝꭓꞵꞷꞹꞻꞽꞿꟁꟃꞔʂᶎꟈꟊꟑꟗꟙꟶᎠᎡᎢᎣᎤᎥᎦᎧᎨᎩᎪᎫᎬᎭᎮᎯᎰᎱᎲᎳᎴᎵᎶᎷᎸᎹᎺᎻᎼᎽᎾᎿᏀᏁᏂᏃᏄᏅᏆᏇᏈᏉᏊᏋᏌᏍᏎᏏᏐ'
        'ᏑᏒᏓᏔᏕᏖᏗᏘᏙᏚᏛᏜᏝᏞᏟᏠᏡᏢᏣᏤᏥᏦᏧᏨᏩᏪᏫᏬᏭᏮᏯａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐲𐐳𐐴𐐵𐐶𐐷𐐸𐐹𐐺𐐻𐐼𐐽𐐾𐐿𐑀𐑁𐑂𐑃𐑄𐑅𐑆𐑇𐑈'
        '𐑉𐑊𐑋𐑌𐑍𐑎𐑏𐓘𐓙𐓚𐓛𐓜𐓝𐓞𐓟𐓠𐓡𐓢𐓣𐓤𐓥𐓦𐓧𐓨𐓩𐓪𐓫𐓬𐓭𐓮𐓯𐓰𐓱𐓲𐓳𐓴𐓵𐓶𐓷𐓸𐓹𐓺𐓻𐖗𐖘𐖙𐖚𐖛𐖜𐖝𐖞𐖟𐖠𐖡𐖣𐖤𐖥𐖦𐖧𐖨𐖩𐖪𐖫𐖬𐖭𐖮𐖯𐖰𐖱𐖳𐖴𐖵𐖶𐖷𐖸𐖹𐖻𐖼𐳀𐳁𐳂𐳃𐳄𐳅𐳆𐳇𐳈𐳉𐳊𐳋'
        '𐳌𐳍𐳎𐳏𐳐𐳑𐳒𐳓𐳔𐳕𐳖𐳗𐳘𐳙𐳚𐳛𐳜𐳝𐳞𐳟𐳠𐳡𐳢𐳣𐳤𐳥𐳦𐳧𐳨𐳩𐳪𐳫𐳬𐳭𐳮𐳯𐳰𐳱𐳲𑣀𑣁𑣂𑣃𑣄𑣅𑣆𑣇𑣈𑣉𑣊𑣋𑣌𑣍𑣎𑣏𑣐𑣑𑣒𑣓𑣔𑣕𑣖𑣗𑣘𑣙𑣚𑣛𑣜𑣝𑣞𑣟𖹠𖹡𖹢𖹣𖹤𖹥𖹦𖹧𖹨𖹩𖹪𖹫𖹬𖹭𖹮𖹯𖹰𖹱𖹲'
        '𖹳𖹴𖹵𖹶𖹷𖹸𖹹𖹺𖹻𖹼𖹽𖹾𖹿𞤢𞤣𞤤𞤥𞤦𞤧𞤨𞤩𞤪𞤫𞤬𞤭𞤮𞤯𞤰𞤱𞤲𞤳𞤴𞤵𞤶𞤷𞤸𞤹𞤺𞤻𞤼𞤽𞤾𞤿𞥀𞥁𞥂𞥃');
    longer text[] := ARRAY[
        'ẖ', 'ẗ', 'ẘ', 'ẙ', 'ẚ', 'ẞ', 'ὐ', 'ὒ', 'ὔ', 'ὖ', 'ᾀ', 'ᾁ',
        'ᾂ', 'ᾃ', 'ᾄ', 'ᾅ', 'ᾆ', 'ᾇ', 'ᾈ', 'ᾉ', 'ᾊ', 'ᾋ', 'ᾌ', 'ᾍ',
        'ᾎ', 'ᾏ', 'ᾐ', 'ᾑ', 'ᾒ', 'ᾓ', 'ᾔ', 'ᾕ', 'ᾖ', 'ᾗ', 'ᾘ', 'ᾙ',
        'ᾚ', 'ᾛ', 'ᾜ', 'ᾝ', 'ᾞ', 'ᾟ', 'ᾠ', 'ᾡ', 'ᾢ', 'ᾣ', 'ᾤ', 'ᾥ',
        'ᾦ', 'ᾧ', 'ᾨ', 'ᾩ', 'ᾪ', 'ᾫ', 'ᾬ', 'ᾭ', 'ᾮ', 'ᾯ', 'ᾲ', 'ᾳ',
        'ᾴ', 'ᾶ', 'ᾷ', 'ᾼ', 'ῂ', 'ῃ', 'ῄ', 'ῆ', 'ῇ', 'ῌ', 'ῒ', 'ΐ',
        'ῖ', 'ῗ', 'ῢ', 'ΰ', 'ῤ', 'ῦ', 'ῧ', 'ῲ', 'ῳ', 'ῴ', 'ῶ', 'ῷ',
        'ῼ', 'ﬀ', 'ﬁ', 'ﬂ', 'ﬃ', 'ﬄ', 'ﬅ', 'ﬆ', 'ﬓ', 'ﬔ', 'ﬕ', 'ﬖ',
        'ﬗ'
    ];
    longer_folded text[] := ARRAY[
        'ẖ', 'ẗ', 'ẘ', 'ẙ', 'aʾ', 'ss', 'ὐ', 'ὒ', 'ὔ', 'ὖ', 'ἀι', 'ἁι',
        'ἂι', 'ἃι', 'ἄι', 'ἅι', 'ἆι', 'ἇι', 'ἀι', 'ἁι', 'ἂι', 'ἃι', 'ἄι', 'ἅι',
        'ἆι', 'ἇι', 'ἠι', 'ἡι', 'ἢι', 'ἣι', 'ἤι', 'ἥι', 'ἦι', 'ἧι', 'ἠι', 'ἡι',
        'ἢι', 'ἣι', 'ἤι', 'ἥι', 'ἦι', 'ἧι', 'ὠι', 'ὡι', 'ὢι', 'ὣι', 'ὤι', 'ὥι',
        'ὦι', 'ὧι', 'ὠι', 'ὡι', 'ὢι', 'ὣι', 'ὤι', 'ὥι', 'ὦι', 'ὧι', 'ὰι', 'αι',
        'άι', 'ᾶ', 'ᾶι', 'αι', 'ὴι', 'ηι', 'ήι', 'ῆ', 'ῆι', 'ηι', 'ῒ', 'ΐ',
        'ῖ', 'ῗ', 'ῢ', 'ΰ', 'ῤ', 'ῦ', 'ῧ', 'ὼι', 'ωι', 'ώι', 'ῶ', 'ῶι',
        'ωι', 'ff', 'fi', 'fl', 'ffi', 'ffl', 'st', 'st', 'մն', 'մե', 'մի', 'վն',
        'մխ'
    ];
BEGIN
    FOR n IN 1 .. cardinality(longer) LOOP
        folded := replace(folded, longer[n], longer_folded[n]);
    END LOOP;
    RETURN folded;
END
$$;

CREATE FUNCTION fold(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN octet_length(given) = char_length(given) THEN lower(given COLLATE "C")
        ELSE fold_letters(lower(given COLLATE "C"))
    END
$$;
