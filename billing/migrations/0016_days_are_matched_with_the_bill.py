"""Days are matched with the bill, keep what they said before they were restated, and months have invoices."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation

NAMED_ORGANIZATION = "NULLIF(current_setting('app.organization_id', true), '')::uuid"
OWN = f"organization_id = {NAMED_ORGANIZATION}"

# Any table of ours that is partitioned by month may have its months made: the list of them was in the function, and every
# new one would have had to replace it.
IS_FACT_TABLE = """
        IF fact_table !~ '^(accounts|billing|forecasting)_[a-z]+$' OR NOT EXISTS (
            SELECT 1 FROM pg_partitioned_table WHERE partrelid = to_regclass(format('public.%I', fact_table))
        ) THEN
            RAISE EXCEPTION 'no such fact table: %', fact_table;
        END IF;
"""
COLUMNS = (
    f"organization_id uuid NOT NULL DEFAULT {NAMED_ORGANIZATION}, date date NOT NULL, series_id bigint NOT NULL, "
    "replaced_at timestamptz NOT NULL, cost_unblended numeric(38, 18) NOT NULL, "
    "cost_net_unblended numeric(38, 18) NOT NULL, cost_amortized numeric(38, 18) NOT NULL, "
    "quantity numeric(38, 18) NOT NULL, PRIMARY KEY (organization_id, date, series_id, replaced_at)) "
    "PARTITION BY RANGE (date)"
)
FORWARD = [
    f"CREATE TABLE public.billing_billedcostversion ({COLUMNS}",
    "ALTER TABLE public.billing_billedcostversion ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE public.billing_billedcostversion FORCE ROW LEVEL SECURITY",
    f'CREATE POLICY "billedcostversion_isolation" ON public.billing_billedcostversion USING ({OWN}) WITH CHECK ({OWN})',
    """
    CREATE OR REPLACE FUNCTION public.ensure_month(fact_table text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        month_start date := date_trunc('month', month::timestamp)::date;
        month_end date := (date_trunc('month', month::timestamp) + interval '1 month')::date;
        partition text := fact_table || to_char(month_start, '_YYYY_MM');
        hours text := '';
    BEGIN CHECKED
        IF month_start NOT BETWEEN date '2015-01-01' AND date '2100-01-01' THEN
            RAISE EXCEPTION 'no month of ours: %', month_start;
        END IF;
        IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
            RETURN false;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('ensure_month'), hashtext(partition));
        IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
            RETURN false;
        END IF;
        SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype THEN ' 00:00:00+00' ELSE '' END INTO hours
        FROM pg_partitioned_table AS p JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass(format('public.%I', fact_table));
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', partition, fact_table);
        EXECUTE format(
            'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            fact_table, partition, month_start || hours, month_end || hours
        );
        RETURN true;
    END $$
    """.replace("CHECKED", IS_FACT_TABLE),
    """
    CREATE OR REPLACE FUNCTION public.analyze_month(fact_table text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        partition text := fact_table || to_char(month, '_YYYY_MM');
        known pg_class%ROWTYPE;
    BEGIN CHECKED
        SELECT * INTO known FROM pg_class WHERE oid = to_regclass(format('public.%I', partition));
        IF known.oid IS NULL OR pg_relation_size(known.oid) < 2 * 8192 * greatest(known.relpages, 16) THEN
            RETURN false;
        END IF;
        IF NOT pg_try_advisory_xact_lock(hashtext('analyze_month'), hashtext(partition)) THEN
            RETURN false;
        END IF;
        EXECUTE format('ANALYZE public.%I', partition);
        RETURN true;
    END $$
    """.replace("CHECKED", IS_FACT_TABLE),
]
BACKWARD = ["DROP TABLE public.billing_billedcostversion"]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0015_prices_move_and_are_announced"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(sql=[(statement, None) for statement in FORWARD], reverse_sql=BACKWARD)
            ],
            state_operations=[
                migrations.CreateModel(
                    name="BilledCostVersion",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "organization_id",
                                "date",
                                "series_id",
                                "replaced_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("date", models.DateField()),
                        ("series_id", models.BigIntegerField()),
                        ("replaced_at", models.DateTimeField()),
                        ("cost_unblended", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("cost_net_unblended", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("cost_amortized", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                        (
                            "organization",
                            models.ForeignKey(
                                db_constraint=False,
                                db_default=accounts.tenancy.isolation.NamedOrganization(),
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "default_manager_name": "objects",
                        "constraints": [accounts.tenancy.isolation.TenantIsolation(name="billedcostversion_isolation")],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="Discrepancy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("provider", models.CharField(max_length=24)),
                ("aws_account_id", models.CharField(max_length=128)),
                ("aws_region", models.CharField(blank=True, max_length=64)),
                ("model_id", models.CharField(blank=True, max_length=128)),
                ("token_class", models.CharField(blank=True, max_length=32)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("price_differs", "price_differs"),
                            ("cache_lifetime", "cache_lifetime"),
                            ("unpriced", "unpriced"),
                            ("batch", "batch"),
                            ("bill_without_usage", "bill_without_usage"),
                            ("usage_without_bill", "usage_without_bill"),
                            ("late", "late"),
                            ("restated", "restated"),
                            ("not_token_based", "not_token_based"),
                            ("unrecognized", "unrecognized"),
                            ("credit_refund_tax", "credit_refund_tax"),
                            ("rounding", "rounding"),
                        ],
                        max_length=24,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                ("rated", models.DecimalField(decimal_places=18, max_digits=38)),
                ("billed", models.DecimalField(decimal_places=18, max_digits=38)),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "OPEN"), ("ACKNOWLEDGED", "ACKNOWLEDGED"), ("EXPLAINED", "EXPLAINED")],
                        max_length=16,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("changed_by", models.CharField(blank=True, max_length=254)),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("found_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="discrepancy_isolation"),
                    models.UniqueConstraint(
                        fields=(
                            "organization",
                            "date",
                            "provider",
                            "aws_account_id",
                            "aws_region",
                            "model_id",
                            "token_class",
                            "reason",
                        ),
                        name="discrepancy_once_a_day",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("aws_bedrock", "aws_bedrock"),
                            ("azure_openai", "azure_openai"),
                            ("google_vertex", "google_vertex"),
                            ("other", "other"),
                        ],
                        max_length=24,
                    ),
                ),
                ("invoice_id", models.CharField(max_length=64)),
                ("month_date", models.DateField()),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                ("currency", models.CharField(max_length=3)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [models.Index(fields=["organization", "month_date"], name="invoice_month")],
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="invoice_isolation"),
                    models.UniqueConstraint(fields=("organization", "provider", "invoice_id"), name="invoice_unique"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("rated", models.DecimalField(decimal_places=18, max_digits=38)),
                ("billed", models.DecimalField(decimal_places=18, max_digits=38)),
                ("matched", models.DecimalField(decimal_places=18, max_digits=38)),
                ("explained", models.JSONField(default=dict)),
                ("unexplained", models.DecimalField(decimal_places=18, max_digits=38)),
                ("tokens_unpriced", models.BigIntegerField()),
                ("other_currencies", models.JSONField(default=dict)),
                ("is_closed", models.BooleanField()),
                ("reconciled_at", models.DateTimeField()),
                ("is_due", models.BooleanField(default=False)),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="reconciliation_isolation"),
                    models.UniqueConstraint(fields=("organization", "date"), name="reconciliation_once_a_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReconciliationTolerance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("absolute_usd", models.DecimalField(decimal_places=2, max_digits=12)),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5)),
                ("changed_by", models.CharField(max_length=254)),
                ("changed_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="reconciliationtolerance_isolation"),
                    models.UniqueConstraint(fields=("organization",), name="reconciliation_tolerance_once"),
                    models.CheckConstraint(
                        condition=models.Q(("absolute_usd__gte", 0), ("percent__gte", 0), ("percent__lte", 100)),
                        name="reconciliation_tolerance_possible",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Restatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField()),
                ("basis", models.CharField(choices=[("rated", "rated"), ("billed", "billed")], max_length=8)),
                ("currency", models.CharField(max_length=3)),
                ("recorded_at", models.DateTimeField()),
                ("cost_before", models.DecimalField(decimal_places=18, max_digits=38)),
                ("cost_after", models.DecimalField(decimal_places=18, max_digits=38)),
                ("changes", models.JSONField(default=list)),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="restatement_isolation"),
                    models.UniqueConstraint(
                        fields=("organization", "date", "basis", "currency", "recorded_at"),
                        name="restatement_once_a_time",
                    ),
                ],
            },
        ),
    ]
